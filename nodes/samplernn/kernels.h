// The engine's inner loops in fp32, whose sums have one order, so that any vector width gives the same bytes.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

namespace legume::samplernn {

// Outputs are lanes, inputs are summed in a fixed order. Multiply then add, never fused.
inline constexpr int lanes = 16;
inline constexpr int padded(int n) { return (n + lanes - 1) / lanes * lanes; }

// 16 outputs' weights for one input: a cache line.
struct alignas(64) Lanes {
    float at[lanes];
};

// Double precision while folding; row major.
struct Dense {
    int rows = 0, cols = 0;
    std::vector<double> values;
    Dense() = default;
    Dense(int row_count, int col_count);
    Dense(int row_count, int col_count, const float* from);
    double* row(int r) { return values.data() + static_cast<std::size_t>(r) * static_cast<std::size_t>(cols); }
    const double* row(int r) const { return const_cast<Dense*>(this)->row(r); }
};
Dense multiply(const Dense& a, const Dense& b);  // [m, k] x [k, n]; sums run over k in order

// A float matrix as panels of 16 rows: [panel][column][lane]. Missing rows are zero.
class Matrix {
  public:
    Matrix() = default;
    Matrix(int rows, int cols) : rows_(rows), cols_(cols) {}  // of zeros: for cols = 0
    explicit Matrix(const Dense& from);
    int rows() const { return rows_; }
    // y = start + W x, then max(y, 0) with `relu`. y and start have padded(rows) floats and may be the same.
    void apply(const float* x, const float* start, float* y, bool relu = false) const noexcept;

  private:
    int rows_ = 0, cols_ = 0;
    std::vector<Lanes> panels_;
};

// Gates r z n. `gi` and `gh` are the input's and the state's share, biases in them; h goes to its next value.
void gru(const float* gi, const float* gh, float* h, int dim) noexcept;
// Reset before the matrix product, first half: rh = r * h and z, from the shares of r and z.
void gru_gates(const float* gi, const float* gh, const float* h, float* rh, float* z, int dim) noexcept;
// Second half: `gi` is all three gates' share, `gn` the candidate's from rh.
void gru_candidate(const float* gi, const float* gn, const float* z, float* h, int dim) noexcept;
// Gates i f g o.
void lstm(const float* gi, const float* gh, float* h, float* c, int dim) noexcept;

void add(const float* x, float* y, int n) noexcept;  // y += x
void relu(float* x, int n) noexcept;
// round(2^23 exp((x - top) / temperature)); NaN counts 0. temperature > 0.
void weigh(const float* x, float top, float temperature, std::uint32_t* weights, int n) noexcept;

// As the gates use them: absolute error below 2e-6 (tests hold them to it), NaN treated as the lowest value.
float sigmoid(float x) noexcept;
float tanh(float x) noexcept;

}  // namespace legume::samplernn

// Matrices: in double while the network is folded, in panels of floats when it plays.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "nodes/samplernn/kernels.h"

namespace legume::samplernn {

inline constexpr int padded(int n) { return (n + lanes - 1) / lanes * lanes; }

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
Dense multiply(const Kernels& kernels, const Dense& a, const Dense& b);  // [m, k] x [k, n]; sums run over k in order

// A float matrix as panels of 16 rows: [panel][column][lane]. Missing rows are zero.
class Matrix {
  public:
    Matrix() = default;
    Matrix(int rows, int cols) : rows_(rows), cols_(cols) {}  // of zeros: for cols = 0
    explicit Matrix(const Dense& from);
    int rows() const { return rows_; }
    // y = start + W x, then max(y, 0) with `relu`. y and start have padded(rows) floats and may be the same.
    void apply(const Kernels& kernels, const float* x, const float* start, float* y, bool relu = false) const noexcept;

  private:
    int rows_ = 0, cols_ = 0;
    std::vector<Lanes> panels_;
};

}  // namespace legume::samplernn

// The engine's inner loops, compiled once for each vector width of the machine; all give the same bytes.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/kernels.h"

#include <bit>
#include <cstddef>
#include <cstring>

// One body, several instruction sets, chosen when the program starts. None fuses multiply and add (-ffp-contract=off).
// Not under sanitizers, whose run-time is not up yet when the choice is made.
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) && !defined(LEGUME_SANITIZED)
#define LEGUME_EVERY_WIDTH __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define LEGUME_EVERY_WIDTH
#endif

namespace legume::samplernn {
namespace {

typedef float Vector __attribute__((vector_size(sizeof(Lanes))));

// e^x for x held to [-80, 80]: 2^n times a polynomial on [-ln2/2, ln2/2] (Taylor to x^7/7!, relative error 6e-9 before
// rounding), ln2 in two parts after Cody and Waite.
inline __attribute__((always_inline)) float exponential(float x) {
    x = x > -80.0f ? (x < 80.0f ? x : 80.0f) : -80.0f;  // NaN too goes to the bottom
    constexpr float magic = 12582912.0f;                // 1.5 * 2^23: adding it rounds to a whole number
    const float n = (x * 1.44269504f + magic) - magic;
    const float t = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    float p = 1.0f / 5040;
    p = p * t + 1.0f / 720;
    p = p * t + 1.0f / 120;
    p = p * t + 1.0f / 24;
    p = p * t + 1.0f / 6;
    p = p * t + 0.5f;
    p = p * t + 1.0f;
    p = p * t + 1.0f;
    return p * std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
}

inline __attribute__((always_inline)) float sigmoid_of(float x) { return 1.0f / (1.0f + exponential(-x)); }
inline __attribute__((always_inline)) float tanh_of(float x) { return 2.0f / (1.0f + exponential(-2.0f * x)) - 1.0f; }

LEGUME_EVERY_WIDTH
void apply_panels(const Lanes* w, int panels, int cols, const float* x, const float* start, float* y, bool relu) {
    for (int p = 0; p < panels; ++p, w += cols, start += lanes, y += lanes) {
        const Vector* row = reinterpret_cast<const Vector*>(w);
        Vector s0{}, s1{}, s2{}, s3{};  // four, because one waits for its own last sum
        int k = 0;
        for (; k + 4 <= cols; k += 4) {
            s0 += row[k] * x[k];
            s1 += row[k + 1] * x[k + 1];
            s2 += row[k + 2] * x[k + 2];
            s3 += row[k + 3] * x[k + 3];
        }
        for (; k < cols; ++k) s0 += row[k] * x[k];
        Vector sum;
        std::memcpy(&sum, start, sizeof sum);
        sum += (s0 + s1) + (s2 + s3);
        if (relu) sum = sum > 0.0f ? sum : Vector{};
        std::memcpy(y, &sum, sizeof sum);
    }
}

LEGUME_EVERY_WIDTH
void multiply_rows(const double* a, const double* b, double* c, int m, int k, int n) {
    constexpr int block = 8;  // rows of c that share one pass over b
    for (int i0 = 0; i0 < m; i0 += block) {
        const int i1 = i0 + block < m ? i0 + block : m;
        for (int j = 0; j < k; ++j) {
            const double* __restrict bj = b + static_cast<std::ptrdiff_t>(j) * n;
            for (int i = i0; i < i1; ++i) {
                const double aij = a[static_cast<std::ptrdiff_t>(i) * k + j];
                double* __restrict ci = c + static_cast<std::ptrdiff_t>(i) * n;
                for (int l = 0; l < n; ++l) ci[l] += aij * bj[l];
            }
        }
    }
}

}  // namespace

Dense::Dense(int row_count, int col_count)
    : rows(row_count),
      cols(col_count),
      values(static_cast<std::size_t>(row_count) * static_cast<std::size_t>(col_count)) {}

Dense::Dense(int row_count, int col_count, const float* from) : Dense(row_count, col_count) {
    for (auto& v : values) v = *from++;
}

Dense multiply(const Dense& a, const Dense& b) {
    Dense c(a.rows, b.cols);
    multiply_rows(a.values.data(), b.values.data(), c.values.data(), a.rows, a.cols, b.cols);
    return c;
}

Matrix::Matrix(const Dense& from) : Matrix(from.rows, from.cols) {
    panels_.resize(static_cast<std::size_t>(padded(rows_) / lanes) * static_cast<std::size_t>(cols_), Lanes{});
    for (int r = 0; r < rows_; ++r) {
        Lanes* panel = panels_.data() + static_cast<std::ptrdiff_t>(r / lanes) * cols_;
        for (int c = 0; c < cols_; ++c) panel[c].at[r % lanes] = static_cast<float>(from.row(r)[c]);
    }
}

void Matrix::apply(const float* x, const float* start, float* y, bool relu) const noexcept {
    apply_panels(panels_.data(), padded(rows_) / lanes, cols_, x, start, y, relu);
}

LEGUME_EVERY_WIDTH
void gru(const float* __restrict gi, const float* __restrict gh, float* __restrict h, int dim) noexcept {
    for (int d = 0; d < dim; ++d) {
        const float r = sigmoid_of(gi[d] + gh[d]);
        const float z = sigmoid_of(gi[dim + d] + gh[dim + d]);
        const float n = tanh_of(gi[2 * dim + d] + r * gh[2 * dim + d]);
        h[d] = (1.0f - z) * n + z * h[d];
    }
}

LEGUME_EVERY_WIDTH
void gru_gates(const float* __restrict gi, const float* __restrict gh, const float* __restrict h, float* __restrict rh,
               float* __restrict z, int dim) noexcept {
    for (int d = 0; d < dim; ++d) {
        rh[d] = sigmoid_of(gi[d] + gh[d]) * h[d];
        z[d] = sigmoid_of(gi[dim + d] + gh[dim + d]);
    }
}

LEGUME_EVERY_WIDTH
void gru_candidate(const float* __restrict gi, const float* __restrict gn, const float* __restrict z,
                   float* __restrict h, int dim) noexcept {
    for (int d = 0; d < dim; ++d) h[d] = (1.0f - z[d]) * tanh_of(gi[2 * dim + d] + gn[d]) + z[d] * h[d];
}

LEGUME_EVERY_WIDTH
void lstm(const float* __restrict gi, const float* __restrict gh, float* __restrict h, float* __restrict c,
          int dim) noexcept {
    for (int d = 0; d < dim; ++d) {
        const float i = sigmoid_of(gi[d] + gh[d]);
        const float f = sigmoid_of(gi[dim + d] + gh[dim + d]);
        const float g = tanh_of(gi[2 * dim + d] + gh[2 * dim + d]);
        const float o = sigmoid_of(gi[3 * dim + d] + gh[3 * dim + d]);
        c[d] = f * c[d] + i * g;
        h[d] = o * tanh_of(c[d]);
    }
}

LEGUME_EVERY_WIDTH
void add(const float* __restrict x, float* __restrict y, int n) noexcept {
    for (int i = 0; i < n; ++i) y[i] += x[i];
}

LEGUME_EVERY_WIDTH
void relu(float* x, int n) noexcept {
    for (int i = 0; i < n; ++i) x[i] = x[i] > 0.0f ? x[i] : 0.0f;
}

LEGUME_EVERY_WIDTH
void weigh(const float* __restrict x, float top, float temperature, std::uint32_t* __restrict weights, int n) noexcept {
    constexpr float magic = 8388608.0f;  // 2^23: adding it rounds to a whole number, to nearest even
    for (int i = 0; i < n; ++i) {
        const float e = exponential((x[i] - top) / temperature) * magic;
        weights[i] = static_cast<std::uint32_t>(static_cast<std::int32_t>((e + magic) - magic));
    }
}

float sigmoid(float x) noexcept { return sigmoid_of(x); }
float tanh(float x) noexcept { return tanh_of(x); }

}  // namespace legume::samplernn

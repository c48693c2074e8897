// Packs matrices the way the kernels read them.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/matrix.h"

namespace legume::samplernn {

Dense::Dense(int row_count, int col_count)
    : rows(row_count),
      cols(col_count),
      values(static_cast<std::size_t>(row_count) * static_cast<std::size_t>(col_count)) {}

Dense::Dense(int row_count, int col_count, const float* from) : Dense(row_count, col_count) {
    for (auto& v : values) v = *from++;
}

Dense multiply(const Kernels& kernels, const Dense& a, const Dense& b) {
    Dense c(a.rows, b.cols);
    kernels.multiply(a.values.data(), b.values.data(), c.values.data(), a.rows, a.cols, b.cols);
    return c;
}

Matrix::Matrix(const Dense& from) : Matrix(from.rows, from.cols) {
    panels_.resize(static_cast<std::size_t>(padded(rows_) / lanes) * static_cast<std::size_t>(cols_), Lanes{});
    for (int r = 0; r < rows_; ++r) {
        Lanes* panel = panels_.data() + static_cast<std::ptrdiff_t>(r / lanes) * cols_;
        for (int c = 0; c < cols_; ++c) panel[c].at[r % lanes] = static_cast<float>(from.row(r)[c]);
    }
}

void Matrix::apply(const Kernels& kernels, const float* x, const float* start, float* y, bool relu) const noexcept {
    kernels.apply(panels_.data(), padded(rows_) / lanes, cols_, x, start, y, relu);
}

}  // namespace legume::samplernn

// Takes rows of tensors by their names.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine/weights.h"

#include <algorithm>

namespace legume::samplernn {

Dense TensorReader::matrix(const std::string& name, int rows, int cols, int first_row) const {
    return {rows, cols, tensors_.at(name).values.data() + index(first_row) * index(cols)};
}

Dense TensorReader::column(const std::string& name, int rows, int first_row) const {
    return tensors_.count(name) ? matrix(name, rows, 1, first_row) : Dense(rows, 1);
}

std::vector<float> TensorReader::row(const std::string& name, int row, int cols) const {
    std::vector<float> values(index(padded(cols)));
    if (const auto it = tensors_.find(name); it != tensors_.end()) {
        const auto from = it->second.values.begin() + static_cast<std::ptrdiff_t>(row) * cols;
        std::copy(from, from + cols, values.begin());
    }
    return values;
}

Affine TensorReader::affine(const std::string& weight, const std::string& bias, int rows, int cols, Precision precision,
                            int first_row) const {
    return {Matrix(matrix(weight, rows, cols, first_row), precision, pruned(weight)),
            pack(column(bias, rows, first_row))};
}

std::vector<float> pack(const Dense& column) {
    std::vector<float> packed(index(padded(column.rows)));
    for (int r = 0; r < column.rows; ++r) packed[index(r)] = static_cast<float>(column.row(r)[0]);
    return packed;
}

}  // namespace legume::samplernn

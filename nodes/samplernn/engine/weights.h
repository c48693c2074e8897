// What the engine multiplies by, and a checkpoint's tensors in double, from which it is made.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/kernels/matrix.h"

namespace legume::samplernn {

struct Affine {
    Matrix weight;
    std::vector<float> bias;
};
// y = then(first(x)); most have no first, and a bias that depends on nothing has neither weight.
struct Linear {
    Affine first, then;
    std::size_t bytes() const { return first.weight.bytes() + then.weight.bytes(); }
};

// What the config leaves out is zero.
class TensorReader {
  public:
    explicit TensorReader(const Tensors& tensors) : tensors_(tensors) {}
    Dense matrix(const std::string& name, int rows, int cols, int first_row = 0) const;
    Dense column(const std::string& name, int rows, int first_row = 0) const;
    const std::vector<float>& values(const std::string& name) const { return tensors_.at(name).values; }
    bool pruned(const std::string& name) const { return tensors_.count(name) && tensors_.at(name).pruned; }
    std::vector<float> row(const std::string& name, int row, int cols) const;  // padded
    Affine affine(const std::string& weight, const std::string& bias, int rows, int cols, Precision precision,
                  int first_row = 0) const;

  private:
    const Tensors& tensors_;
};

std::vector<float> pack(const Dense& column);  // padded

}  // namespace legume::samplernn

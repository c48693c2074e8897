// Weight normalisation (Salimans & Kingma 2016): w = g v / |v|, row by row, so that length and direction learn apart.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace at {
class Tensor;
}

namespace legume::samplernn {

bool is_normed(const std::string& tensor);  // weights of linear and convolutional layers outside the cells

// v and w have any shape of `rows` rows, g is [rows]. A row of zeros is given back as zeros.
at::Tensor row_lengths(const at::Tensor& v);  // the g with which w is v
at::Tensor fold_rows(const at::Tensor& v, const at::Tensor& g);
// The gradient by w becomes that by v, and dg that by g.
void unfold_gradient(const at::Tensor& v, const at::Tensor& g, const at::Tensor& d, const at::Tensor& dg);

}  // namespace legume::samplernn

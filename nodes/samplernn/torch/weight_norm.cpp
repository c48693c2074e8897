// The gradients are the paper's equation 3: what is along v belongs to g, what is across it to v.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/torch/weight_norm.h"

#include <ATen/ATen.h>

namespace legume::samplernn {
namespace {

using Array = at::Tensor;

constexpr double least_length = 1e-12;

Array rows_of(const Array& t) { return t.view({t.size(0), -1}); }

}  // namespace

bool is_normed(const std::string& tensor) { return tensor.ends_with(".weight") || tensor == "sample.conv"; }

Array row_lengths(const Array& v) { return rows_of(v).norm(2, 1).clamp_min_(least_length); }

Array fold_rows(const Array& v, const Array& g) {
    return (rows_of(v) * (g / row_lengths(v)).unsqueeze(1)).view(v.sizes());
}

void unfold_gradient(const Array& v, const Array& g, const Array& d, const Array& dg) {
    const Array length = row_lengths(v).unsqueeze(1), u = rows_of(v) / length;
    const Array by_w = rows_of(d);
    dg.copy_((by_w * u).sum(1));
    by_w.addcmul_(u, dg.unsqueeze(1), -1).mul_(g.unsqueeze(1) / length);
}

}  // namespace legume::samplernn

// Which blocks of the pruned matrices live while a network learns: the weakest die, the most wanted grow.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "nodes/samplernn/checkpoint/checkpoint.h"

namespace at {
class Tensor;
}

namespace legume::samplernn {

// Sparse momentum (Dettmers & Zettlemoyer, Sparse Networks from Scratch, 2019), by blocks of 16 rows x 4 columns: dead
// weights have gradients too, and where their mean is large, a block grows.
class LiveBlocks {
  public:
    using Named = std::map<std::string, at::Tensor>;

    explicit LiveBlocks(const Config& config);

    // Of each prunable matrix's blocks `share` are dead afterwards. The strongest live on; as many as `churn` of those
    // that may live are grown among the dead, from `wanted`, the mean gradient.
    void choose(const Named& weights, const Named& wanted, double share, double churn);
    // Writes 1 for each weight that lives, 0 for the others, as `masks` has the tensors.
    void mask(const Named& masks) const;
    bool prunes(const std::string& name) const { return live_.count(name) > 0; }

    std::vector<float> save() const;          // 1 or 0 a block
    std::size_t size() const;                 // of which
    void load(std::span<const float> saved);  // size() of them

  private:
    std::map<std::string, std::vector<std::uint8_t>> live_;  // a block each, row by row
};

}  // namespace legume::samplernn

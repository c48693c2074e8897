// Networks of random weights by their shape, so that a network's speed is known before it is trained.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "nodes/samplernn/checkpoint/checkpoint.h"

namespace legume::samplernn {

struct NetworkShape {
    Config config;
    double sparsity = 0;  // share of the blocks that `prune` takes
};

// "dim=512 frames=4/16 rate=22050 sparsity=0.9 cell=lstm layers=2 reset=before hidden=2 top_projection=no ...": what is
// not said is as in Config. Throws ModelError.
NetworkShape parse_shape(const std::string& text);
std::string shape_text(const NetworkShape& shape);  // what parse_shape reads back; all tiers alike but for their frames

// The same network for the same seed. Its weights are those of F16, and of a size that keeps gates and levels lively.
Checkpoint random_network(const NetworkShape& shape, std::uint64_t seed = 1);

}  // namespace legume::samplernn

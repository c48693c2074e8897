// Zeroes the weakest blocks of a trained network at one stroke.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "nodes/samplernn/checkpoint/checkpoint.h"

namespace legume::samplernn {

// In each matrix of prunable_tensors, `share` (above 0, below 1) of its blocks of 16 rows x 4 columns become zero,
// those with the smallest L2 norm, and the matrix is marked as pruned. What was measured of the network (held_out_nll,
// int8_cost) is forgotten. Throws ModelError when D is no multiple of 16. An output whose levels are no multiple of 16
// stays dense.
//
// For tests and benchmarks: a trained network loses most of what it knows when it is pruned in one shot (measured: from
// 1.3 bits a sample to 7.9 at 90 %). A network that is to be played is pruned while it learns.
Checkpoint prune(Checkpoint dense, double share);

struct BlockCount {
    std::size_t all = 0, zero = 0;
};
BlockCount count_blocks(const Tensor& pruned);

}  // namespace legume::samplernn

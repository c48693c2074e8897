// Ranks the blocks of each matrix by their norm, in double and in a fixed order: the same blocks go on every machine.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/checkpoint/prune.h"

#include <algorithm>
#include <cmath>

#include "graph/base/math.h"

namespace legume::samplernn {
namespace {

constexpr std::size_t block_size = block_rows * block_cols;

template <class TensorOrConst, class Each>
void each_value(TensorOrConst& tensor, std::size_t block, const Each& each) {
    const auto cols = static_cast<std::size_t>(tensor.shape[1]), groups = cols / block_cols;
    auto* first = tensor.values.data() + block / groups * block_rows * cols + block % groups * block_cols;
    for (std::size_t r = 0; r < block_rows; ++r) {
        for (std::size_t c = 0; c < block_cols; ++c) each(first[r * cols + c]);
    }
}

void prune(Tensor& tensor, double share) {
    struct Block {
        double power;
        std::size_t at;
    };
    std::vector<Block> blocks(tensor.values.size() / block_size);
    for (std::size_t b = 0; b < blocks.size(); ++b) {
        blocks[b] = {0, b};
        each_value(tensor, b, [&](float value) { blocks[b].power += static_cast<double>(value) * value; });
        if (!std::isfinite(blocks[b].power))
            throw ModelError("it cannot be pruned: it holds a value that is not finite");
    }
    std::stable_sort(blocks.begin(), blocks.end(), [](const Block& a, const Block& b) { return a.power < b.power; });
    blocks.resize(static_cast<std::size_t>(math::round_even(share * static_cast<double>(blocks.size()))));
    for (const Block& weak : blocks) each_value(tensor, weak.at, [](float& value) { value = 0; });
    tensor.pruned = true;
}

}  // namespace

Checkpoint prune(Checkpoint checkpoint, double share) {
    if (!(share > 0 && share < 1)) throw ModelError("the share to prune must be above 0 and below 1");
    if (checkpoint.config.dim % 16 != 0) {
        throw ModelError("it cannot be pruned: its dim, " + std::to_string(checkpoint.config.dim) +
                         ", is no multiple of 16");
    }
    for (const auto& name : prunable_tensors(checkpoint.config)) prune(checkpoint.tensors.at(name), share);
    checkpoint.config.held_out_nll.reset();
    checkpoint.config.int8_cost.reset();
    return checkpoint;
}

BlockCount count_blocks(const Tensor& tensor) {
    BlockCount count{tensor.values.size() / block_size, 0};
    for (std::size_t b = 0; b < count.all; ++b) {
        bool zero = true;
        each_value(tensor, b, [&](float value) { zero = zero && value == 0; });
        count.zero += zero;
    }
    return count;
}

}  // namespace legume::samplernn

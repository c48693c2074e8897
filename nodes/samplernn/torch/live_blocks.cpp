// Blocks are ranked matrix by matrix, ties by their place, so that the same weights always choose the same blocks.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/torch/live_blocks.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace legume::samplernn {
namespace {

using Array = at::Tensor;

constexpr auto panel = static_cast<std::int64_t>(block_rows), group = static_cast<std::int64_t>(block_cols);

Array by_blocks(const Array& matrix) {  // [panels, 16, groups, 4]
    return matrix.view({matrix.size(0) / panel, panel, matrix.size(1) / group, group});
}

std::vector<float> power(const Array& matrix) {  // a block each
    const Array sums = by_blocks(matrix).square().sum({1, 3}).to(at::kCPU).contiguous();
    return {sums.data_ptr<float>(), sums.data_ptr<float>() + sums.numel()};
}

// The `count` of `among` that rank highest.
std::vector<std::size_t> highest(std::vector<std::size_t> among, std::size_t count, const std::vector<float>& rank) {
    std::stable_sort(among.begin(), among.end(), [&](std::size_t a, std::size_t b) { return rank[a] > rank[b]; });
    among.resize(std::min(count, among.size()));
    return among;
}

}  // namespace

LiveBlocks::LiveBlocks(const Config& config) {
    const auto shapes = expected_shapes(config);
    for (const auto& name : prunable_tensors(config)) {
        const auto& shape = shapes.at(name);
        live_[name].assign(static_cast<std::size_t>(shape[0] / panel * (shape[1] / group)), 1);
    }
}

void LiveBlocks::choose(const Named& weights, const Named& wanted, double share, double churn) {
    for (auto& [name, live] : live_) {
        const auto may_live = static_cast<std::size_t>(std::lround((1 - share) * static_cast<double>(live.size())));
        std::vector<std::size_t> alive, dead;
        for (std::size_t i = 0; i < live.size(); ++i) (live[i] ? alive : dead).push_back(i);
        const auto grown =
            std::min(static_cast<std::size_t>(std::lround(churn * static_cast<double>(may_live))), dead.size());
        std::fill(live.begin(), live.end(), std::uint8_t{0});
        const auto strongest = highest(std::move(alive), may_live - grown, power(weights.at(name)));
        for (const auto i : strongest) live[i] = 1;
        for (const auto i : highest(std::move(dead), may_live - strongest.size(), power(wanted.at(name)))) live[i] = 1;
    }
}

void LiveBlocks::mask(const Named& masks) const {
    for (const auto& [name, live] : live_) {
        const Array into = by_blocks(masks.at(name));
        const Array flags =
            at::from_blob(const_cast<std::uint8_t*>(live.data()), {into.size(0), 1, into.size(2), 1}, at::kByte);
        Array(into).copy_(flags.expand(into.sizes()));
    }
}

std::vector<float> LiveBlocks::save() const {
    std::vector<float> all;
    for (const auto& [name, live] : live_) all.insert(all.end(), live.begin(), live.end());
    return all;
}

std::size_t LiveBlocks::size() const {
    return std::accumulate(live_.begin(), live_.end(), std::size_t{0},
                           [](std::size_t sum, const auto& each) { return sum + each.second.size(); });
}

void LiveBlocks::load(std::span<const float> saved) {
    for (auto& [name, live] : live_) {
        for (std::size_t i = 0; i < live.size(); ++i) live[i] = saved[i] != 0;
        saved = saved.subspan(live.size());
    }
}

}  // namespace legume::samplernn

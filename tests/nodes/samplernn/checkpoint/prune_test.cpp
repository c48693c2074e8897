// Which blocks pruning leaves, and what it leaves alone.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/checkpoint/prune.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "tests/nodes/samplernn/network_of.h"

using namespace legume::samplernn;

namespace {

Config blocky() {
    Config config;
    config.tiers = {{2}, {4, Cell::lstm, 2}};
    config.dim = 32;
    config.embedding = 8;
    config.levels = 48;
    config.held_out_nll = 1.5;
    config.int8_cost = 0.01;
    return config;
}

// Sums of squares of the blocks of 16 x 4, row of blocks after row of blocks.
std::vector<double> powers(const Tensor& tensor) {
    const auto cols = static_cast<std::size_t>(tensor.shape[1]);
    std::vector<double> powers(tensor.values.size() / 64);
    for (std::size_t i = 0; i < tensor.values.size(); ++i) {
        const double value = tensor.values[i];
        powers[i / cols / 16 * (cols / 4) + i % cols / 4] += value * value;
    }
    return powers;
}

std::string reason(const Checkpoint& checkpoint, double share) {
    try {
        prune(checkpoint, share);
    } catch (const ModelError& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("pruning zeroes the weakest blocks of each matrix and leaves every other weight as it is") {
    const auto dense = network_of(blocky());
    const auto pruned = prune(dense, 0.9);
    const auto names = prunable_tensors(dense.config);
    CHECK(names == std::set<std::string>{"sample.hidden.0.weight", "sample.hidden.1.weight", "sample.out.weight",
                                         "tier.0.cell.0.w_hh", "tier.0.cell.0.w_ih", "tier.0.up.weight",
                                         "tier.1.cell.0.w_hh", "tier.1.cell.0.w_ih", "tier.1.cell.1.w_hh",
                                         "tier.1.cell.1.w_ih", "tier.1.up.weight"});
    for (const auto& item : dense.tensors) {
        const auto& name = item.first;  // clang 14 captures no structured binding
        const auto& before = item.second;
        CAPTURE(name);
        const auto& after = pruned.tensors.at(name);
        CHECK(after.shape == before.shape);
        CHECK(after.pruned == (names.count(name) > 0));
        if (!after.pruned) {
            CHECK(after.values == before.values);
            continue;
        }
        const auto was = powers(before), is = powers(after);
        double strongest_lost = 0, weakest_kept = 1e9;
        std::size_t lost = 0;
        for (std::size_t b = 0; b < was.size(); ++b) {
            CHECK((is[b] == 0 || is[b] == was[b]));
            if (is[b] == 0) {
                ++lost;
                strongest_lost = std::max(strongest_lost, was[b]);
            } else {
                weakest_kept = std::min(weakest_kept, was[b]);
            }
        }
        CHECK(strongest_lost <= weakest_kept);
        CHECK(lost == static_cast<std::size_t>(std::nearbyint(0.9 * static_cast<double>(was.size()))));
        CHECK(count_blocks(after).zero == lost);
        CHECK(count_blocks(after).all == was.size());
        for (std::size_t i = 0; i < after.values.size(); ++i)
            if (after.values[i] != before.values[i]) REQUIRE(after.values[i] == 0);
    }
}

TEST_CASE("of blocks that are equally strong the first go") {
    auto dense = network_of(blocky());
    auto& values = dense.tensors.at("sample.hidden.0.weight").values;
    std::fill(values.begin(), values.end(), -0.5f);
    const auto is = powers(prune(dense, 0.25).tensors.at("sample.hidden.0.weight"));
    REQUIRE(is.size() == 16);
    for (std::size_t b = 0; b < is.size(); ++b) CHECK((is[b] == 0) == (b < 4));
}

TEST_CASE("what was measured of the dense network is forgotten") {
    const auto pruned = prune(network_of(blocky()), 0.5);
    CHECK(!pruned.config.held_out_nll);
    CHECK(!pruned.config.int8_cost);
}

TEST_CASE("matrices that are no whole blocks stay dense, and a width that is none is refused") {
    Config config = blocky();
    config.levels = 40;
    config.top_projection = false;
    const auto pruned = prune(network_of(config), 0.5);
    CHECK(!pruned.tensors.at("sample.out.weight").pruned);
    CHECK(!pruned.tensors.at("tier.1.cell.0.w_ih").pruned);  // takes the frame itself
    CHECK(pruned.tensors.at("tier.1.cell.1.w_ih").pruned);
    config.dim = 24;
    CHECK(reason(network_of(config), 0.5) == "it cannot be pruned: its dim, 24, is no multiple of 16");
}

TEST_CASE("a share of nothing, of all, or of no number is refused, and so are weights that are no numbers") {
    auto dense = network_of(blocky());
    for (const double share : {0.0, 1.0, -0.1, 1.1, std::nan("")})
        CHECK(reason(dense, share) == "the share to prune must be above 0 and below 1");
    dense.tensors.at("sample.out.weight").values[5] = NAN;
    CHECK(reason(dense, 0.5) == "it cannot be pruned: it holds a value that is not finite");
}

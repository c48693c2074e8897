// Networks by their shape: every word of it arrives in the config, and the weights are those a file could hold.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/checkpoint/random_network.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "nodes/samplernn/checkpoint/half.h"
#include "nodes/samplernn/engine/engine.h"
#include "nodes/samplernn/engine/sampling.h"

using namespace legume::samplernn;

TEST_CASE("a shape says what it wants, and leaves the rest as it is") {
    CHECK(parse_shape("").config.json() == Config{}.json());
    CHECK(parse_shape("").sparsity == 0);
    const auto shape = parse_shape(
        "layers=2  cell=lstm dim=48 frames=2/8/16 rate=22050 levels=64 embedding=12 hidden=1 reset=before "
        "sparsity=0.5\n"
        "top_projection=no biases=no relu_after_sum=yes learned_h0=no skip=yes");
    const std::vector<Tier> tiers{{2, Cell::lstm, 2}, {8, Cell::lstm, 2}, {16, Cell::lstm, 2}};
    CHECK(shape.config.tiers == tiers);
    CHECK(shape.config.dim == 48);
    CHECK(shape.config.sample_rate == 22'050);
    CHECK(shape.config.levels == 64);
    CHECK(shape.config.embedding == 12);
    CHECK(shape.config.hidden == 1);
    CHECK(!shape.config.reset_after);
    CHECK(!shape.config.top_projection);
    CHECK(!shape.config.biases);
    CHECK(shape.config.relu_after_sum);
    CHECK(!shape.config.learned_h0);
    CHECK(shape.config.skip);
    CHECK(shape.sparsity == 0.5);
}

TEST_CASE("a random network is the same each time, another for another seed, and survives half precision") {
    const auto shape = parse_shape("dim=32 frames=2/4 levels=32 embedding=8");
    const auto one = random_network(shape), again = random_network(shape), other = random_network(shape, 2);
    for (const auto& [name, tensor] : one.tensors) {
        const std::string which = name;
        CAPTURE(which);
        CHECK(tensor.values == again.tensors.at(name).values);
        CHECK(tensor.values != other.tensors.at(name).values);
        CHECK(!tensor.pruned);
        CHECK(std::all_of(tensor.values.begin(), tensor.values.end(),
                          [](float value) { return from_half(to_half(value)) == value; }));
    }
}

TEST_CASE("a random network does not settle on one sound") {
    RunState state(std::make_shared<const Model>(random_network(parse_shape("dim=64 frames=4/16 levels=64"))));
    std::set<int> heard;
    for (int t = 0; t < 200; ++t) {
        const int level = draw(state.logits(), 1, (t * 37 % 200) / 200.0);
        heard.insert(level);
        state.push(level);
    }
    CHECK(heard.size() > 20);
}

TEST_CASE("a sparse shape is pruned, and dense weights are not") {
    const auto sparse = random_network(parse_shape("dim=64 frames=2/4 levels=64 sparsity=0.9"));
    const auto& tensor = sparse.tensors.at("sample.hidden.1.weight");
    CHECK(tensor.pruned);
    const auto zeros = std::count(tensor.values.begin(), tensor.values.end(), 0.0f);
    CHECK(static_cast<double>(zeros) / static_cast<double>(tensor.values.size()) == doctest::Approx(0.9).epsilon(0.02));
    CHECK(!sparse.tensors.at("sample.embedding").pruned);
}

TEST_CASE("a shape that cannot be is refused") {
    CHECK_THROWS_AS(parse_shape("dim=512,frames=4/16"), ModelError);
    CHECK_THROWS_AS(parse_shape("dim="), ModelError);
    CHECK_THROWS_AS(parse_shape("=32"), ModelError);
    CHECK_THROWS_AS(parse_shape("frames="), ModelError);
    CHECK_THROWS_AS(parse_shape("frames=1/2/4/8"), ModelError);
    CHECK_THROWS_AS(parse_shape("rate=nan"), ModelError);
    CHECK_THROWS_AS(parse_shape("sparsity=nan"), ModelError);
    CHECK_THROWS_AS(parse_shape("hidden=2.5"), ModelError);
    CHECK_THROWS_AS(parse_shape("dim=8192 levels=4096 frames=16/64"), ModelError);
    CHECK_THROWS_WITH_AS(random_network(parse_shape("dim=40 sparsity=0.9")),
                         "it cannot be pruned: its dim, 40, is no multiple of 16", ModelError);
}

// A network that is pruned while it learns: what is left out stays out, and every age of it plays as blocks.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "nodes/dsp/random.h"
#include "nodes/samplernn/checkpoint/prune.h"
#include "nodes/samplernn/engine/engine.h"
#include "nodes/samplernn/torch/network.h"

using namespace legume;
using namespace legume::samplernn;

namespace {

Config config_of(int dim = 32) {
    Config config;
    config.dim = dim;
    config.embedding = 16;
    config.levels = 64;
    return config;
}

Window window_of(const Config& config, int samples, std::uint64_t seed) {
    Window w{2, samples, config.tiers.back().frame, {}, {1, 1}};
    for (int i = 0; i < w.streams * (w.history + samples); ++i)
        w.levels.push_back(
            static_cast<std::int32_t>(dsp::random_uniform(seed, 0, static_cast<std::uint64_t>(i)) * config.levels));
    return w;
}

void learn(Network& network, int updates, std::uint64_t from = 0) {
    States states = network.fresh_states(2);
    for (int i = 0; i < updates; ++i) {
        network.learn(window_of(network.config(), 64, from + static_cast<std::uint64_t>(i)), states);
        REQUIRE(network.update(1e-2, 1));
    }
}

double zero_share(const Tensor& tensor) {
    const auto blocks = count_blocks(tensor);
    return static_cast<double>(blocks.zero) / static_cast<double>(blocks.all);
}

// The blocks of one matrix that are not zero.
std::set<std::size_t> live_blocks(const Tensor& tensor) {
    std::set<std::size_t> live;
    const auto cols = static_cast<std::size_t>(tensor.shape[1]), groups = cols / block_cols;
    for (std::size_t i = 0; i < tensor.values.size(); ++i)
        if (tensor.values[i] != 0) live.insert(i / cols / block_rows * groups + i % cols / block_cols);
    return live;
}

}  // namespace

TEST_CASE("what is pruned stays zero through updates, in the weights and in their mean") {
    Network network(config_of(), 1);
    network.prune(0.75, 0);
    const auto before = network.tensors();
    learn(network, 6);
    for (const auto& tensors : {network.tensors(), network.averaged()})
        for (const auto& name : prunable_tensors(network.config())) {
            CAPTURE(name);
            CHECK(tensors.at(name).pruned);
            CHECK(zero_share(tensors.at(name)) == doctest::Approx(0.75).epsilon(0.01));
            CHECK(live_blocks(tensors.at(name)) == live_blocks(before.at(name)));
            CHECK(tensors.at(name).values != before.at(name).values);
        }
    CHECK_FALSE(network.tensors().at("sample.embedding").pruned);
}

TEST_CASE(
    "before it learns, what is left is made larger, so that a pruned network's sums are as large as a dense one's") {
    const Config config = config_of(256);
    Network dense(config, 1), pruned(config, 1);
    pruned.prune(0.9, 0);
    auto power = [](const Tensor& tensor) {
        double sum = 0;
        for (const float value : tensor.values) sum += static_cast<double>(value) * value;
        return sum;
    };
    for (const std::string name : {"sample.hidden.0.weight", "tier.0.cell.0.w_ih", "tier.1.up.weight"}) {
        CAPTURE(name);
        CHECK(power(pruned.tensors().at(name)) == doctest::Approx(power(dense.tensors().at(name))).epsilon(0.2));
    }
}

TEST_CASE("choosing anew keeps the strongest blocks and grows the share it is told to, where the gradient is largest") {
    Network network(config_of(64), 1);
    network.prune(0.5, 0);
    learn(network, 8);
    const auto before = network.tensors();
    network.prune(0.5, 0.25);
    learn(network, 1, 100);  // what has grown begins at zero
    const auto after = network.tensors();
    for (const auto& name : prunable_tensors(network.config())) {
        CAPTURE(name);
        const auto old = live_blocks(before.at(name)), now = live_blocks(after.at(name));
        CHECK(now.size() == old.size());
        std::size_t grown = 0;
        for (const auto block : now) grown += !old.count(block);
        CHECK(static_cast<double>(grown) == doctest::Approx(0.25 * static_cast<double>(old.size())).epsilon(0.05));
    }
    network.prune(0.8, 0);
    for (const auto& name : prunable_tensors(network.config())) {
        CAPTURE(name);
        CHECK(zero_share(network.tensors().at(name)) == doctest::Approx(0.8).epsilon(0.02));
    }
}

TEST_CASE("a pruned network that is saved and loaded goes on to the same bytes") {
    Network one(config_of(), 1), two(config_of(), 2), dense(config_of(), 3);
    one.prune(0.75, 0);
    learn(one, 3);
    two.prune(0.5, 0);
    for (Network* other : {&two, &dense}) {
        other->load(one.save(), 3);
        CHECK(other->save() == one.save());
    }
    for (Network* network : {&one, &two, &dense}) {
        network->prune(0.8, 0.2);
        learn(*network, 2, 50);
    }
    CHECK(two.save() == one.save());
    CHECK(dense.save() == one.save());
}

TEST_CASE("the engine plays a pruned network's blocks as the network means them") {
    Network network(config_of(), 1);
    network.prune(0.75, 0);
    learn(network, 5);
    Checkpoint checkpoint{network.config(), network.tensors()};
    std::vector<int> levels;
    for (std::uint64_t i = 0; i < 200; ++i)
        levels.push_back(static_cast<int>(dsp::random_uniform(3, 0, i) * network.config().levels));
    const auto expected = network.logits(levels);
    const auto model = std::make_shared<const Model>(checkpoint);
    CHECK(model->bytes() < std::make_shared<const Model>(Checkpoint{network.config(),
                                                                    [&] {
                                                                        auto all = network.tensors();
                                                                        for (auto& [name, tensor] : all)
                                                                            tensor.pruned = false;
                                                                        return all;
                                                                    }()})
                               ->bytes());
    RunState engine(model);
    double worst = 0;
    for (std::size_t t = 0; t < levels.size(); ++t) {
        const auto logits = engine.logits();
        for (std::size_t q = 0; q < logits.size(); ++q)
            worst = std::max(worst, std::abs(static_cast<double>(logits[q]) - expected[t * logits.size() + q]));
        engine.push(levels[t]);
    }
    CHECK(worst < 1e-3);
}

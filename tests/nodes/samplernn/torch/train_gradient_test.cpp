// The gradient learned in little memory: in segments and chunks it is what plain LibTorch gives in one piece.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "nodes/dsp/random.h"
#include "nodes/samplernn/torch/network.h"
#include "nodes/samplernn/torch/weight_norm.h"
#include "tests/bench/plain_training.h"
#include "tests/nodes/samplernn/network_of.h"

using namespace legume::samplernn;

namespace {

struct Variant {
    std::string name;
    Config config;
};

std::vector<Variant> variants() {
    auto with = [](auto change) {
        Config config = small_config();
        config.dim = 48;
        change(config);
        return config;
    };
    auto lstm = [](Config& c) {
        for (auto& tier : c.tiers) tier.cell = Cell::lstm;
    };
    auto min_gru = [](Config& c) {
        for (auto& tier : c.tiers) tier.cell = Cell::min_gru;
    };
    auto layers = [](Config& c, int count) {
        for (auto& tier : c.tiers) tier.layers = count;
    };
    return {{"gru", with([](Config&) {})},
            {"gru, reset before", with([](Config& c) { c.reset_after = false; })},
            {"lstm", with(lstm)},
            {"gru, two layers", with([&](Config& c) { layers(c, 2); })},
            {"gru, reset before, three layers, skips", with([&](Config& c) {
                 c.reset_after = false;
                 c.skip = true;
                 layers(c, 3);
             })},
            {"lstm, two layers, skips", with([&](Config& c) {
                 lstm(c);
                 c.skip = true;
                 layers(c, 2);
             })},
            {"minGRU", with(min_gru)},
            {"minGRU, two layers, skips", with([&](Config& c) {
                 min_gru(c);
                 c.skip = true;
                 layers(c, 2);
             })},
            {"minGRU of two layers without a projection above a GRU", with([&](Config& c) {
                 c.tiers[1].cell = Cell::min_gru;
                 c.tiers[1].layers = 2;
                 c.top_projection = c.learned_h0 = false;
             })},
            {"minGRU of a width that lanes cannot share evenly", with([&](Config& c) {
                 min_gru(c);
                 c.dim = 33;
             })},
            {"one frame tier", with([](Config& c) { c.tiers = {{8}}; })},
            {"three frame tiers", with([](Config& c) {
                 c.tiers = {{2}, {4}, {16}};
             })},
            {"relu after sum", with([](Config& c) { c.relu_after_sum = true; })},
            {"no hidden layer", with([](Config& c) { c.hidden = 0; })},
            {"a width that lanes cannot share evenly", with([](Config& c) { c.dim = 33; })},
            {"the 2019 piece's", with([](Config& c) {
                 c.tiers = {{2}, {8}};
                 c.frame_scale = FrameScale::unisound;
                 c.top_projection = c.biases = c.reset_after = c.learned_h0 = false;
             })}};
}

Window window_of(const Config& config, int streams, int samples) {
    Window w{streams, samples, config.tiers.back().frame, {}, {}};
    for (int b = 0; b < streams; ++b) w.fresh.push_back(b % 2);
    for (int i = 0; i < streams * (w.history + samples); ++i)
        w.levels.push_back(static_cast<std::int32_t>(legume::dsp::random_uniform(5, 0, static_cast<std::uint64_t>(i)) *
                                                     config.levels));
    return w;
}

std::vector<float> lively_states(const Network& network, int streams) {
    std::vector<float> values(network.fresh_states(streams).save().size());
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<float>(legume::dsp::random_uniform(1, 2, i) - 0.5);
    return values;
}

// |difference| / |expected| over the tensor that begins at `from`.
double worst_of(const std::vector<float>& gradient, const Tensors& expected, std::string& where) {
    double worst = 0;
    std::size_t from = 0;
    for (const auto& [name, tensor] : expected) {
        double difference = 0, length = 0;
        for (std::size_t i = 0; i < tensor.values.size(); ++i) {
            difference += std::pow(static_cast<double>(gradient[from + i]) - tensor.values[i], 2);
            length += std::pow(tensor.values[i], 2);
        }
        const double here = length > 0 ? std::sqrt(difference / length) : difference > 0 ? 1 : 0;
        if (!(here <= worst)) {
            worst = here;
            where = name;
        }
        from += tensor.values.size();
    }
    return worst;
}

// The loss and every tensor of the gradient.
void check_learned(double bits, const std::vector<float>& gradient, double expected_bits, const Tensors& expected) {
    CHECK(bits == doctest::Approx(expected_bits).epsilon(1e-6));
    std::string where;
    const double worst = worst_of(gradient, expected, where);
    CAPTURE(where);
    CHECK(worst <= 1e-5);
}

// All that a network learns, by name, as PlainTraining takes it.
Tensors learned(const Network& network, bool weight_norm) {
    Tensors all;
    for (const auto& [name, shape] : expected_shapes(network.config())) {
        all[name].shape = shape;
        if (weight_norm && is_normed(name)) all[name + ".g"].shape = {shape[0]};
    }
    const auto values = network.weights();
    auto at = values.begin();
    for (auto& [name, tensor] : all) {
        std::ptrdiff_t size = 1;
        for (const auto n : tensor.shape) size *= n;
        tensor.values.assign(at, at + size);
        at += size;
    }
    REQUIRE(at == values.end());
    return all;
}

struct Threads {  // for the networks of one test
    explicit Threads(int count) { set_threads(count); }
    ~Threads() { set_threads(1); }
};

}  // namespace

TEST_CASE("the gradient in segments and chunks is LibTorch's in one piece, in every tensor of every kind of network") {
    constexpr int streams = 3, samples = 96;
    for (const auto& [name, config] : variants()) {
        CAPTURE(name);
        const auto tensors = network_of(config, 3).tensors;
        const Window window = window_of(config, streams, samples);
        PlainTraining plain(config, tensors);
        const auto states = lively_states(Network(config, 1), streams);
        plain.set_states(streams, states);
        const double bits = plain.learn(window);
        const auto expected = plain.gradient();
        for (const int lanes : {1, 2, 3})
            for (const GradientCheckpoints& cuts :
                 {GradientCheckpoints{samples, 4096}, GradientCheckpoints{32, 4096}, GradientCheckpoints{samples, 7},
                  GradientCheckpoints{16, 10}, GradientCheckpoints{80, 50}}) {
                CAPTURE(lanes);
                CAPTURE(cuts.segment);
                CAPTURE(cuts.rows);
                const Threads threads(lanes);
                Network network(config, 1);
                network.set_tensors(tensors);
                auto held = network.load_states(streams, states);
                const double learned_bits = network.learn(window, held, cuts);
                check_learned(learned_bits, network.gradient(), bits, expected);
                REQUIRE(held.save().size() == states.size());
            }
    }
}

TEST_CASE("with weight norm the gradient by lengths and directions is LibTorch's, in every tensor") {
    constexpr int streams = 3, samples = 96;
    for (const auto& [name, config] : variants()) {
        CAPTURE(name);
        Network network(config, 1, "cpu", {true});
        network.set_tensors(network_of(config, 3).tensors);
        auto weights = network.weights();  // lengths of their own too
        for (std::size_t i = 0; i < weights.size(); ++i)
            weights[i] *= static_cast<float>(0.8 + 0.4 * legume::dsp::random_uniform(4, 1, i));
        network.set_weights(weights);
        const auto states = lively_states(network, streams);
        const Window window = window_of(config, streams, samples);
        PlainTraining plain(config, learned(network, true));
        plain.set_states(streams, states);
        const double bits = plain.learn(window);
        for (const GradientCheckpoints& cuts : {GradientCheckpoints{samples, 4096}, GradientCheckpoints{32, 50}}) {
            CAPTURE(cuts.segment);
            auto held = network.load_states(streams, states);
            const double learned_bits = network.learn(window, held, cuts);
            check_learned(learned_bits, network.gradient(), bits, plain.gradient());
        }
    }
}

TEST_CASE("with dropout the gradient is LibTorch's with the same numbers left out, however the window is cut") {
    constexpr int streams = 3, samples = 96;
    for (const auto& [name, config] : variants()) {
        CAPTURE(name);
        const auto tensors = network_of(config, 3).tensors;
        const Window window = window_of(config, streams, samples);
        PlainTraining plain(config, tensors);
        const auto states = lively_states(Network(config, 1), streams);
        plain.set_states(streams, states);
        const double bits = plain.learn(window, {0.3, 18, 0});
        for (const int lanes : {1, 3})
            for (const GradientCheckpoints& cuts :
                 {GradientCheckpoints{samples, 4096}, GradientCheckpoints{32, 50}, GradientCheckpoints{80, 7}}) {
                CAPTURE(lanes);
                CAPTURE(cuts.segment);
                const Threads threads(lanes);
                Network network(config, 18, "cpu", {false, 0.3});
                network.set_tensors(tensors);
                auto held = network.load_states(streams, states);
                const double learned_bits = network.learn(window, held, cuts);
                check_learned(learned_bits, network.gradient(), bits, plain.gradient());
            }
    }
}

TEST_CASE("on a graphics card, where there is one, the gradient is the processor's, and the same bytes each time") {
    setenv("NVIDIA_TF32_OVERRIDE", "0", 1);  // ten bits of a product are too few for this
    if (Network(small_config(), 1, "auto").device() == "cpu") {
        MESSAGE("no graphics card here: not tested");
        return;
    }
    constexpr int streams = 3, samples = 96;
    // Its sigmoid and tanh are a little coarser, so that now and then a ReLU's input has the other sign: one unit of
    // one row, which is nearly a hundredth of so small a gradient. Without ReLUs all of it is held to.
    for (const auto& variant : variants())
        for (const bool kinks : {true, false}) {
            Config config = variant.config;
            if (!kinks) config.hidden = 0, config.relu_after_sum = false;
            CAPTURE(variant.name);
            CAPTURE(kinks);
            const Window window = window_of(config, streams, samples);
            const auto learned_on = [&](const std::string& device, const GradientCheckpoints& cuts, double& bits) {
                Network network(config, 1, device, {true, 0.3});
                network.set_tensors(network_of(config, 3).tensors);
                auto held = network.load_states(streams, lively_states(network, streams));
                bits = network.learn(window, held, cuts);
                return network.gradient();
            };
            double bits = 0, card_bits = 0;
            const Tensors expected{{"all", {{}, learned_on("cpu", {}, bits)}}};
            for (const GradientCheckpoints& cuts : {GradientCheckpoints{}, GradientCheckpoints{32, 50}}) {
                const auto gradient = learned_on("cuda", cuts, card_bits);
                CHECK(card_bits == doctest::Approx(bits).epsilon(1e-5));
                std::string where;
                CHECK(worst_of(gradient, expected, where) <= (kinks ? 3e-2 : 5e-5));
                CHECK(gradient == learned_on("cuda", cuts, card_bits));
            }
        }
}

TEST_CASE("dropout leaves out its share, other numbers in every update and tier, and keeps the mean") {
    const Dropout first{0.3, 5, 0}, second{0.3, 5, 1};
    int left_out = 0, other_update = 0, other_tier = 0, other_step = 0;
    double sum = 0;
    constexpr int count = 40'000;
    for (int i = 0; i < count; ++i) {
        const auto step = static_cast<std::uint64_t>(i / 400), stream = static_cast<std::uint64_t>(i / 100 % 4),
                   unit = static_cast<std::uint64_t>(i % 100);
        const float factor = first.factor(1, step, stream, unit);
        left_out += factor == 0;
        sum += factor;
        other_update += factor != second.factor(1, step, stream, unit);
        other_tier += factor != first.factor(0, step, stream, unit);
        other_step += factor != first.factor(1, step + 1, stream, unit);
    }
    CHECK(left_out == doctest::Approx(0.3 * count).epsilon(0.03));
    CHECK(sum == doctest::Approx(count).epsilon(0.03));
    for (const int differing : {other_update, other_tier, other_step})
        CHECK(differing == doctest::Approx(2 * 0.3 * 0.7 * count).epsilon(0.05));
}

TEST_CASE("what is measured leaves nothing out") {
    const Config config = variants()[0].config;
    const Window window = window_of(config, 3, 96);
    Network plain(config, 1), dropping(config, 1, "cpu", {false, 0.5});
    auto a = plain.fresh_states(3), b = dropping.fresh_states(3);
    CHECK(plain.evaluate(window, a) == dropping.evaluate(window, b));
    CHECK(plain.learn(window, a) != dropping.learn(window, b));
    auto c = plain.fresh_states(3), d = dropping.fresh_states(3);
    CHECK(plain.evaluate(window, c) == dropping.evaluate(window, d));
}

TEST_CASE("the comparison notices a state that differs") {
    const Config config = variants()[0].config;
    const auto tensors = network_of(config, 3).tensors;
    const Window window = window_of(config, 3, 96);
    Network network(config, 1);
    network.set_tensors(tensors);
    auto states = lively_states(network, 3);
    PlainTraining plain(config, tensors);
    plain.set_states(3, states);
    plain.learn(window);
    states[5] += 0.1f;
    auto held = network.load_states(3, states);
    network.learn(window, held);
    std::string where;
    CHECK(worst_of(network.gradient(), plain.gradient(), where) > 1e-5);
}

TEST_CASE("the same cuts and threads give the same gradient, bit for bit, and evaluation costs the same in segments") {
    const Config config = variants()[0].config;
    const Window window = window_of(config, 3, 96);
    const Threads threads(2);
    auto learned = [&](const GradientCheckpoints& cuts) {
        Network network(config, 1);
        auto states = network.fresh_states(3);
        network.learn(window, states, cuts);
        return network.gradient();
    };
    CHECK(learned({32, 10}) == learned({32, 10}));
    Network network(config, 1);
    auto a = network.fresh_states(3), b = network.fresh_states(3);
    CHECK(network.evaluate(window, a) == doctest::Approx(network.evaluate(window, b, {32, 10})).epsilon(1e-6));
    const auto one = a.save(), two = b.save();
    for (std::size_t i = 0; i < one.size(); ++i) CHECK(one[i] == doctest::Approx(two[i]).epsilon(1e-4));
}

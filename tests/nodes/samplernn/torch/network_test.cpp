// The network as it is trained: the engine's equal, with a gradient that is the slope of the loss.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/torch/network.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "nodes/dsp/random.h"
#include "nodes/samplernn/checkpoint/quantise.h"
#include "nodes/samplernn/engine/engine.h"
#include "nodes/samplernn/train/corpus.h"
#include "nodes/samplernn/train/likelihood.h"
#include "tests/folder.h"

using namespace legume;
using namespace legume::samplernn;

namespace {

struct Variant {
    std::string name;
    Config config;
};

std::vector<Variant> variants() {
    Config base;
    base.dim = 24;
    base.embedding = 12;
    base.tiers = {{4}, {16}};
    std::vector<Variant> all{{"default", base}};
    auto add = [&](const std::string& name, auto change) {
        Config config = base;
        change(config);
        all.push_back({name, config});
    };
    auto each_tier = [](Config& c, auto change) {
        for (auto& tier : c.tiers) change(tier);
    };
    add("frames 2 and 8", [](Config& c) { c.tiers = {{2}, {8}}; });
    add("one frame tier", [](Config& c) { c.tiers = {{8}}; });
    add("three frame tiers", [](Config& c) { c.tiers = {{2}, {4}, {16}}; });
    add("frames of one sample", [](Config& c) { c.tiers = {{1}, {4}}; });
    add("reset before", [](Config& c) { c.reset_after = false; });
    add("reset before, two layers, no projection", [&](Config& c) {
        c.reset_after = false;
        c.top_projection = false;
        each_tier(c, [](Tier& t) { t.layers = 2; });
    });
    add("lstm", [&](Config& c) { each_tier(c, [](Tier& t) { t.cell = Cell::lstm; }); });
    add("lstm, five layers, skips", [&](Config& c) {
        c.skip = true;
        each_tier(c, [](Tier& t) {
            t.cell = Cell::lstm;
            t.layers = 5;
        });
    });
    add("lstm below gru", [](Config& c) { c.tiers = {{4, Cell::lstm, 2}, {16, Cell::gru, 1}}; });
    add("minGRU", [&](Config& c) { each_tier(c, [](Tier& t) { t.cell = Cell::min_gru; }); });
    add("minGRU, two layers, skips, no projection", [&](Config& c) {
        c.skip = true;
        c.top_projection = false;
        each_tier(c, [](Tier& t) {
            t.cell = Cell::min_gru;
            t.layers = 2;
        });
    });
    add("minGRU below gru", [](Config& c) { c.tiers = {{4, Cell::min_gru, 2}, {16, Cell::gru, 1}}; });
    add("gru, three layers, skips", [&](Config& c) {
        c.skip = true;
        each_tier(c, [](Tier& t) { t.layers = 3; });
    });
    add("no biases", [](Config& c) { c.biases = false; });
    add("no top projection", [](Config& c) { c.top_projection = false; });
    add("relu after sum", [](Config& c) { c.relu_after_sum = true; });
    add("relu after sum, no hidden layer", [](Config& c) {
        c.relu_after_sum = true;
        c.hidden = 0;
    });
    add("no hidden layer", [](Config& c) { c.hidden = 0; });
    add("one hidden layer", [](Config& c) { c.hidden = 1; });
    add("four hidden layers", [](Config& c) { c.hidden = 4; });
    add("unisound's frame scale", [](Config& c) { c.frame_scale = FrameScale::unisound; });
    add("zero initial states", [](Config& c) { c.learned_h0 = false; });
    add("linear levels", [](Config& c) { c.quantiser = Quantiser::linear; });
    add("64 levels", [](Config& c) { c.levels = 64; });
    add("the 2019 piece's", [&](Config& c) {
        c.tiers = {{2, Cell::gru, 2}, {8, Cell::gru, 2}};
        c.frame_scale = FrameScale::unisound;
        c.top_projection = c.biases = c.reset_after = c.learned_h0 = false;
    });
    return all;
}

std::vector<int> noise(int levels, int count) {
    std::vector<int> all;
    for (int i = 0; i < count; ++i)
        all.push_back(static_cast<int>(dsp::random_uniform(5, 0, static_cast<std::uint64_t>(i)) * levels));
    return all;
}

// Fresh networks have zeros in places (biases, h0); a network that has learned has none.
void stir(Network& network) {
    auto weights = network.weights();
    for (std::size_t i = 0; i < weights.size(); ++i)
        weights[i] += static_cast<float>(0.3 * (dsp::random_uniform(9, 1, i) - 0.5));
    network.set_weights(weights);
}

double worst_difference(const Network& network, const Checkpoint& checkpoint) {
    const int Q = checkpoint.config.levels;
    const auto levels = noise(Q, 256);
    const auto expected = network.logits(levels);
    RunState engine(std::make_shared<const Model>(checkpoint));
    double worst = 0;
    for (std::size_t t = 0; t < levels.size(); ++t) {
        const auto logits = engine.logits();
        REQUIRE(logits.size() == static_cast<std::size_t>(Q));
        for (std::size_t q = 0; q < logits.size(); ++q) {
            const double difference = std::abs(static_cast<double>(logits[q]) - expected[t * logits.size() + q]);
            worst = std::isfinite(difference) ? std::max(worst, difference) : 1e9;
        }
        engine.push(levels[t]);
    }
    return worst;
}

Window window_of(const Config& config, int streams, int samples) {
    Window w{streams,
             samples,
             config.tiers.back().frame,
             {},
             std::vector<std::uint8_t>(static_cast<std::size_t>(streams), 1)};
    w.fresh[0] = 0;  // one goes on, the others begin
    const auto levels = noise(config.levels, streams * (w.history + samples));
    w.levels.assign(levels.begin(), levels.end());
    return w;
}

// A minute of the shipped sounds as one stream: what was held out of each, then what was learned.
std::vector<std::uint16_t> minute_of_sound(const Config& config) {
    CorpusMaker maker(config, 0.1, [](const std::string& line) { FAIL(line); });
    maker.add(legume::test::source_folder() / "assets" / "sounds");
    const Corpus corpus = maker.finish(512);
    std::vector<std::uint16_t> stream;
    const auto join = [&](std::span<const std::uint16_t> part) {
        stream.insert(stream.end(), part.begin(), part.end());
    };
    for (const auto& passage : corpus.passages) join(std::span(passage.levels).subspan(passage.learn));
    for (const auto& passage : corpus.passages) join(std::span(passage.levels).first(passage.learn));
    stream.resize(std::min(stream.size(), static_cast<std::size_t>(60 * config.sample_rate)));
    return stream;
}

// Bits a sample of each stretch, from silence at the first and never from silence again.
using Stretches = std::vector<double>;

Stretches stretches_of(Network& network, std::span<const std::uint16_t> sound, std::size_t stretch) {
    constexpr std::size_t samples = 16'000;  // of a window
    const Config& config = network.config();
    const auto history = static_cast<std::size_t>(config.tiers.back().frame);
    std::vector<std::int32_t> levels(history, Levels(config).silence());
    levels.insert(levels.end(), sound.begin(), sound.end());
    auto states = network.fresh_states(1);
    Stretches bits(sound.size() / stretch);
    for (std::size_t at = 0; at < sound.size(); at += samples) {
        const auto first = levels.begin() + static_cast<std::ptrdiff_t>(at);
        Window window{1, samples, config.tiers.back().frame, {}, {at == 0}};
        window.levels.assign(first, first + static_cast<std::ptrdiff_t>(history + samples));
        bits[at / stretch] += network.evaluate(window, states) * samples / static_cast<double>(stretch);
    }
    return bits;
}

Stretches stretches_of(const Checkpoint& checkpoint, Precision precision, std::span<const std::uint16_t> sound,
                       std::size_t stretch) {
    RunState state(std::make_shared<const Model>(checkpoint, precision));
    Stretches bits;
    for (std::size_t at = 0; at < sound.size(); at += stretch)
        bits.push_back(nll_bits(state, sound.subspan(at, stretch)));
    return bits;
}

double mean(const Stretches& bits) {
    double sum = 0;
    for (const double b : bits) sum += b;
    return sum / static_cast<double>(bits.size());
}

}  // namespace

TEST_CASE("a minute of sound costs the engine what it costs the network, in its last ten seconds as in its first") {
    const Checkpoint shipped =
        read_checkpoint(find_checkpoint(legume::test::source_folder() / "assets" / "models" / "pods"));
    set_threads(1);
    Network network(shipped.config, 0);
    network.set_tensors(shipped.tensors);
    const auto sound = minute_of_sound(shipped.config);
    const auto stretch = static_cast<std::size_t>(10 * shipped.config.sample_rate);
    REQUIRE(sound.size() == 6 * stretch);
    const Stretches expected = stretches_of(network, sound, stretch);
    MESSAGE("the network: " << mean(expected) << " bits a sample");
    struct Kind {
        std::string name;
        Precision precision;
        double limit;  // bits a sample
    };
    for (const auto& [name, precision, limit] : {Kind{"fp32", Precision::fp32, 0.005},
                                                 {"int8", Precision::int8, int8_may_cost},
                                                 {"int4", Precision::int4, 0.05}}) {
        CAPTURE(name);
        const Stretches bits = stretches_of(shipped, precision, sound, stretch);
        REQUIRE(bits.size() == expected.size());
        std::string each;
        for (std::size_t i = 0; i < bits.size(); ++i) {
            CAPTURE(i);
            CHECK(std::abs(bits[i] - expected[i]) <= limit);
            each += " " + std::to_string(bits[i] - expected[i]);
        }
        CHECK(std::abs(mean(bits) - mean(expected)) <= limit);
        MESSAGE(name << ": " << mean(bits) - mean(expected) << " bits a sample more; each ten seconds" << each);
    }
}

TEST_CASE("the engine plays what was trained, at every step and for every kind of network") {
    for (const auto& [name, config] : variants()) {
        CAPTURE(name);
        Network network(config, 3);
        stir(network);
        CHECK(worst_difference(network, {config, network.tensors()}) <= 1e-3);
    }
}

TEST_CASE("the comparison notices a weight that differs") {
    const Config config = variants()[0].config;
    Network network(config, 3);
    stir(network);
    Checkpoint checkpoint{config, network.tensors()};
    checkpoint.tensors.at("tier.1.cell.0.w_hh").values[7] += 0.5f;
    CHECK(worst_difference(network, checkpoint) > 1e-3);
}

TEST_CASE("a checkpoint stored as f16 plays as the network that it is read back into") {
    const auto file = std::filesystem::temp_directory_path() / "legume-network-test.safetensors";
    for (const auto storage : {Storage::f32, Storage::f16})
        for (const auto& [name, config] : variants()) {
            CAPTURE(name);
            Network network(config, 4);
            stir(network);
            write_checkpoint(file, {config, network.tensors()}, storage);
            const Checkpoint back = read_checkpoint(file);
            Network reader(back.config, 0);
            reader.set_tensors(back.tensors);
            CHECK(worst_difference(reader, back) <= 1e-3);
            if (storage == Storage::f32) CHECK(reader.weights() == network.weights());
        }
    std::filesystem::remove(file);
}

// The loss along the gradient rises by the gradient's squared length: central difference, in single precision.
TEST_CASE("the gradient is the slope of the loss, for every kind of network") {
    for (const auto& [name, config] : variants()) {
        CAPTURE(name);
        Network network(config, 6);
        stir(network);
        const Window window = window_of(config, 3, 64);
        const auto states = [&] {
            const std::size_t count = network.fresh_states(3).save().size();
            std::vector<float> values;
            for (std::size_t i = 0; i < count; ++i)
                values.push_back(static_cast<float>(dsp::random_uniform(1, 2, i) - 0.5));
            return network.load_states(3, values);
        };
        auto at = states();
        network.learn(window, at);
        const auto gradient = network.gradient(), weights = network.weights();
        double square = 0;
        for (const float g : gradient) square += static_cast<double>(g) * g;
        REQUIRE(square > 0);
        const double step = 0.03 / std::sqrt(square);
        auto moved = [&](double by) {
            auto w = weights;
            for (std::size_t i = 0; i < w.size(); ++i) w[i] += static_cast<float>(by * gradient[i]);
            network.set_weights(w);
            auto s = states();
            return network.learn(window, s) * std::log(2.0);
        };
        const double slope = (moved(step) - moved(-step)) / (2 * step);
        CHECK(slope == doctest::Approx(square).epsilon(0.02));
    }
}

TEST_CASE("every cell of the table is learned, and what it remembers of a window is saved and goes on") {
    for (const auto& kind : cell_kinds()) {
        CAPTURE(kind.word);
        Config config = variants()[0].config;
        for (auto& tier : config.tiers) tier = {tier.frame, kind.cell, 2};
        Network network(config, 7);
        const Window window = window_of(config, 3, 64);
        auto states = network.fresh_states(3);
        network.learn(window, states);
        CHECK(network.update(1e-3, 1));
        const auto saved = states.save();
        std::size_t numbers = 0;
        for (const auto& state : kind.states) numbers += static_cast<std::size_t>(state.size(config.dim));
        CHECK(saved.size() == 2 * 2 * 3 * numbers);  // tiers, layers, streams
        CHECK(std::none_of(saved.begin(), saved.end(), [](float value) { return value == 0; }));
        auto loaded = network.load_states(3, saved);
        CHECK(network.evaluate(window, loaded) == network.evaluate(window, states));
        CHECK_THROWS_AS(network.load_states(3, std::span(saved).first(saved.size() - 1)), ModelError);
    }
}

TEST_CASE("a gradient in every single tensor is the slope of the loss") {
    for (const auto& [name, config] : variants()) {
        if (name != "default" && name != "reset before" && name != "lstm below gru" &&
            name != "lstm, five layers, skips" && name != "minGRU below gru")
            continue;
        Network network(config, 8);
        stir(network);
        const Window window = window_of(config, 2, 32);
        auto at = network.fresh_states(2);
        network.learn(window, at);
        const auto gradient = network.gradient(), weights = network.weights();
        std::size_t from = 0;
        for (const auto& [tensor, held] : network.tensors()) {
            CAPTURE(name);
            CAPTURE(tensor);
            const std::size_t to = from + held.values.size();
            double square = 0;
            for (std::size_t i = from; i < to; ++i) square += static_cast<double>(gradient[i]) * gradient[i];
            if (square > 1e-8) {  // below, single precision hides the slope
                const double step = 0.02 / std::sqrt(square);
                auto moved = [&](double by) {
                    auto w = weights;
                    for (std::size_t i = from; i < to; ++i) w[i] += static_cast<float>(by * gradient[i]);
                    network.set_weights(w);
                    auto s = network.fresh_states(2);
                    return network.learn(window, s) * std::log(2.0);
                };
                CHECK((moved(step) - moved(-step)) / (2 * step) == doctest::Approx(square).epsilon(0.1));
            }
            from = to;
        }
    }
}

TEST_CASE("a sound heard in two windows costs what it costs in one") {
    const Config config = variants()[0].config;
    Network network(config, 2);
    stir(network);
    const Window whole = window_of(config, 2, 64);
    auto cut = [&](int from) {
        Window part{2, 32, whole.history, {}, {}};
        for (int b = 0; b < 2; ++b) {
            part.fresh.push_back(from == 0 ? whole.fresh[static_cast<std::size_t>(b)] : std::uint8_t{0});
            const auto row = whole.levels.begin() + b * (whole.history + 64) + from;
            part.levels.insert(part.levels.end(), row, row + whole.history + 32);
        }
        return part;
    };
    auto a = network.fresh_states(2), b = network.fresh_states(2);
    const double one = network.evaluate(whole, a);
    const double two = (network.evaluate(cut(0), b) + network.evaluate(cut(32), b)) / 2;
    CHECK(one == doctest::Approx(two).epsilon(1e-5));
    const auto end_a = a.save(), end_b = b.save();
    for (std::size_t i = 0; i < end_a.size(); ++i) CHECK(end_a[i] == doctest::Approx(end_b[i]).epsilon(1e-4));
}

TEST_CASE("a fresh network has no opinion: each sample costs the logarithm of the levels") {
    const Config config = variants()[0].config;
    Network network(config, 1);
    auto states = network.fresh_states(4);
    CHECK(network.evaluate(window_of(config, 4, 128), states) == doctest::Approx(8).epsilon(0.01));
}

TEST_CASE("weight norm begins as the network without it, and a checkpoint of it plays as it is heard") {
    for (const auto& [name, config] : variants()) {
        CAPTURE(name);
        Network plain(config, 3), normed(config, 3, "cpu", {true});
        auto same = [](const Network& a, const Network& b, double within) {
            const auto one = a.tensors(), other = b.tensors();
            REQUIRE(one.size() == other.size());
            double worst = 0;
            for (const auto& [tensor, held] : one)
                for (std::size_t i = 0; i < held.values.size(); ++i)
                    worst = std::max(worst, std::abs(double(held.values[i]) - other.at(tensor).values[i]));
            return worst <= within;
        };
        CHECK(same(plain, normed, 1e-6));
        stir(normed);
        CHECK(!same(plain, normed, 1e-3));
        CHECK(worst_difference(normed, {config, normed.tensors()}) <= 1e-3);
        Network reader(config, 0, "cpu", {true});
        reader.set_tensors(normed.tensors());
        CHECK(same(reader, normed, 1e-5));
    }
}

TEST_CASE("weight norm's averages are of lengths and directions, and are what is evaluated and written") {
    const Config config = variants()[0].config;
    Network network(config, 3, "cpu", {true});
    auto states = network.fresh_states(2);
    for (int i = 0; i < 4; ++i) {
        network.learn(window_of(config, 2, 64), states);
        REQUIRE(network.update(1e-2, 1));
    }
    Network reader(config, 0);
    reader.set_tensors(network.averaged());
    auto a = network.fresh_states(2), b = reader.fresh_states(2);
    const Window window = window_of(config, 2, 64);
    const double averaged = network.evaluate(window, a);
    CHECK(averaged == doctest::Approx(reader.evaluate(window, b)).epsilon(1e-5));
    Network newest(config, 0);
    newest.set_tensors(network.tensors());
    auto c = newest.fresh_states(2);
    CHECK(averaged != doctest::Approx(newest.evaluate(window, c)).epsilon(1e-5));
}

TEST_CASE("a row of zeros stays one under weight norm, and learns without harm") {
    const Config config = variants()[0].config;
    Network network(config, 3, "cpu", {true});
    auto tensors = network.tensors();
    auto& row = tensors.at("sample.hidden.0.weight").values;
    std::fill_n(row.begin(), config.dim, 0.0f);
    network.set_tensors(tensors);
    auto states = network.fresh_states(2);
    network.learn(window_of(config, 2, 64), states);
    CHECK(network.update(1e-3, 1));
    for (const auto& [name, tensor] : network.tensors())
        for (const float value : tensor.values) REQUIRE(std::isfinite(value));
}

TEST_CASE("a fresh network is given back by its seed alone") {
    const Config config = variants()[0].config;
    CHECK(Network(config, 1).weights() == Network(config, 1).weights());
    CHECK(Network(config, 1).weights() != Network(config, 2).weights());
}

TEST_CASE("tensors of another network are refused") {
    const auto all = variants();
    Network network(all[0].config, 1);
    Config wider = all[0].config;
    wider.dim = 32;
    CHECK_THROWS_AS(network.set_tensors(Network(wider, 1).tensors()), ModelError);
    CHECK_THROWS_AS(network.set_tensors({}), ModelError);
    CHECK_THROWS_AS(network.load({}, 0), ModelError);
    CHECK_THROWS_AS(network.load_states(2, {}), ModelError);
}

TEST_CASE("a graphics card is used when there is one, and is missed in plain words when there is none") {
    const Config config = variants()[0].config;
    if (Network(config, 1, "auto").device() == "cuda") {
        Network on_card(config, 1, "cuda"), on_cpu(config, 1, "cpu");
        auto a = on_card.fresh_states(3), b = on_cpu.fresh_states(3);
        const Window window = window_of(config, 3, 64);
        CHECK(on_card.learn(window, a) == doctest::Approx(on_cpu.learn(window, b)).epsilon(1e-3));
    } else {
        CHECK_THROWS_WITH_AS(Network(config, 1, "cuda"),
                             "no CUDA device: this LibTorch or this machine has none; set device: cpu, or auto",
                             ModelError);
    }
}

// Networks that listen: they play what they hear, dream on from there, and guess better what comes.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "graph/abilities.h"
#include "nodes/samplernn/engine/generator.h"
#include "nodes/samplernn/engine/generator_state.h"
#include "nodes/samplernn/train/likelihood.h"
#include "nodes/sound/sound_file.h"
#include "tests/harness.h"
#include "tests/nodes/samplernn/waves.h"

using namespace legume;
using namespace legume::test;
using namespace legume::samplernn;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

struct Network {
    explicit Network(const Checkpoint& checkpoint) {
        write_checkpoint(folder / "net.safetensors", checkpoint, Storage::f32);
    }
    // With `channels` of the device wired to its ear, or nothing.
    Rig rig(double rate, int channels, Settings settings = {}, int voices = 1) const {
        settings.emplace_back("model", folder.path.string());
        settings.emplace_back("voices", std::to_string(voices));
        std::vector<NodeText> nodes{{"net", "samplernn", settings}, {"tap", "tap", {}}};
        std::vector<std::string> wires{"net -> tap"};
        if (channels > 0) {
            nodes.push_back({"mic", "input", {{"channels", std::to_string(channels)}}});
            wires.push_back("mic -> net.ear");
        }
        return Rig(nodes, wires, {.rate = rate, .inputs = std::max(channels, 1), .outputs = voices});
    }
    Folder folder;
};

std::vector<std::uint16_t> levels_of(const Samples& sound, const Levels& levels) {
    std::vector<std::uint16_t> all;
    for (const float x : sound) all.push_back(static_cast<std::uint16_t>(levels.level(x)));
    return all;
}

double swing(const Samples& x) {
    const auto [low, high] = std::minmax_element(x.begin(), x.end());
    return static_cast<double>(*high - *low) / 2;
}

// 16 kHz, as the shipped network learned it.
Samples pulses() { return read_sound(source_folder() / "assets/sounds/pulses.flac").samples; }
const std::filesystem::path pods = source_folder() / "assets/models/pods";
std::shared_ptr<const Model> shipped() {
    const auto checkpoint = read_checkpoint(find_checkpoint(pods));
    return std::make_shared<const Model>(checkpoint, checkpoint.config.precision());
}

}  // namespace

TEST_CASE("at listen 1 it plays what it hears, through its own levels, a block and `ahead` later") {
    const Network network(network_of(config_at(8'000)));
    const Levels levels(config_at(8'000));
    auto rig = network.rig(8'000, 1, {{"ahead", "24 ms"}, {"listen", "1"}});  // 3 blocks
    const Samples said = noise(6'400, 3, 0.8f);
    const Samples heard = rig.run(6'400, {said})[0];
    for (std::size_t i = 4 * 64; i < heard.size(); ++i)
        REQUIRE(heard[i] == levels.amplitude(levels.level(said[i - 4 * 64])));
}

TEST_CASE("what it hears keeps its pitch and has no gaps, whatever the device's rate is") {
    const Network network(network_of(config_at(8'000)));
    for (const double rate : {8'000.0, 11'025.0, 44'100.0, 48'000.0, 96'000.0}) {
        CAPTURE(rate);
        auto rig = network.rig(rate, 1, {{"listen", "1"}});
        const auto length = static_cast<std::size_t>(2 * rate);
        const Samples heard = rig.run(length, {sine(400, rate, length, 0.5f)})[0];
        const Samples steady = part(heard, length / 4, length / 2);
        CHECK(amplitude_at(steady, rate, 400) == doctest::Approx(0.5).epsilon(0.05));
        CHECK(largest_step(steady) < 1.3 * 0.5 * 2 * 3.1416 * 400 / rate + 0.1);
        CHECK(rms(steady) == doctest::Approx(0.5 / std::sqrt(2)).epsilon(0.05));
    }
}

TEST_CASE("at listen 0 an ear changes nothing, and without a wire listen changes nothing") {
    const Network network(network_of(config_at(8'000)));
    for (const double rate : {8'000.0, 48'000.0}) {
        const Samples plain = network.rig(rate, 0).run(12'800)[0];
        CHECK(network.rig(rate, 1).run(12'800, {noise(12'800)})[0] == plain);
        CHECK(network.rig(rate, 0, {{"listen", "1"}}).run(12'800)[0] == plain);
        CHECK(network.rig(rate, 1, {{"listen", "0.5"}}).run(12'800, {noise(12'800)})[0] != plain);
    }
}

TEST_CASE("between 0 and 1 so many of the samples are those that it hears, the same ones twice") {
    const Network network(switched_network());
    for (const char* listen : {"0.1", "0.5", "0.9"}) {
        const auto played = [&] {
            return part(network.rig(8'000, 1, {{"temperature", "0"}, {"listen", listen}})
                            .run(32'000, {Samples(32'000, 0.5f)})[0],
                        3'200, 28'800);
        };
        const Samples heard = played();
        const auto share =
            static_cast<double>(std::count_if(heard.begin(), heard.end(), [](float x) { return x > 0.4f; }));
        CHECK(share / 28'800 == doctest::Approx(std::stod(listen)).epsilon(0.05));
        CHECK(played() == heard);
    }
}

TEST_CASE("when it stops listening it dreams on from what it heard, without a seam") {
    const Network network(sine_network());
    // 200 Hz about 50 of 128 levels, as it dreams, but a third as high.
    Samples said = sine(200, 8'000, 16'000, 0.13f);
    for (float& x : said) x += 50.0f / 128;
    auto rig = network.rig(8'000, 1, {{"temperature", "0"}, {"listen", "1"}});
    rig.run(8'000, {said});
    rig.set("net", "listen", 0);
    const Samples dreamt = rig.run(8'000, {part(said, 8'000, 8'000)})[0];
    CHECK(largest_step(dreamt) < 0.12);  // of a few levels, where one and the other take turns
    CHECK(swing(part(dreamt, 2'000, 4'000)) > 0.08);
    CHECK(swing(part(dreamt, 2'000, 4'000)) < 0.25);  // by itself it goes twice as high
}

TEST_CASE("each voice hears a channel of its own; one voice hears all of them mixed") {
    const Network network(network_of(config_at(8'000)));
    const Levels levels(config_at(8'000));
    const Samples left = noise(3'200, 1, 0.4f), right = noise(3'200, 2, 0.4f);
    const Settings listening{{"ahead", "8 ms"}, {"listen", "1"}};
    const auto two = network.rig(8'000, 2, listening, 2).run(3'200, {left, right});
    const auto mixed = network.rig(8'000, 2, listening).run(3'200, {left, right})[0];
    const auto same = network.rig(8'000, 1, listening, 2).run(3'200, {left});
    for (std::size_t i = 0; i + 128 < 3'200; ++i) {
        REQUIRE(two[0][i + 128] == levels.amplitude(levels.level(left[i])));
        REQUIRE(two[1][i + 128] == levels.amplitude(levels.level(right[i])));
        REQUIRE(mixed[i + 128] == levels.amplitude(levels.level((left[i] + right[i]) / 2)));
        REQUIRE(same[1][i + 128] == levels.amplitude(levels.level(left[i])));
    }
}

TEST_CASE("a network may hear itself, through a loop of the patch") {
    const Network network(network_of(config_at(8'000)));
    const auto played = [&] {
        Rig rig({{"net", "samplernn", {{"model", network.folder.path.string()}, {"listen", "0.5"}}},
                 {"soft", "filter", {}},
                 {"tap", "tap", {}}},
                {"net -> tap", "net -> soft -> net.ear"}, {.outputs = 1});
        return rig.run(48'000)[0];
    };
    const Samples heard = played();
    CHECK(finite({heard}));
    CHECK(rms(heard) > 0.01);
    CHECK(played() == heard);
}

TEST_CASE("priming makes the shipped network guess better what comes, in bits") {
    const auto model = shipped();
    const auto all = levels_of(pulses(), model->levels);
    double won = 0;
    for (const std::size_t at : {40'000u, 90'000u, 140'000u}) {
        const auto what_came = std::span(all).subspan(at, 1'600);
        Generator primed(model, 1), fresh(model, 1);
        const std::vector<int> before(all.begin() + static_cast<std::ptrdiff_t>(at - 32'000),
                                      all.begin() + static_cast<std::ptrdiff_t>(at));
        primed.prime(before);
        const double with = nll_bits(*primed.parts()[0].state, what_came);
        const double without = nll_bits(*fresh.parts()[0].state, what_came);
        MESSAGE("after two seconds of it " << with << " bits a sample, from silence " << without);
        CHECK(with < without);
        won += without - with;
    }
    CHECK(won / 3 > 0.05);
}

TEST_CASE("a network that listened live guesses better what comes, in bits, and is less surprised") {
    const auto model = shipped();
    const Samples sound = pulses();
    std::size_t seen = 0;
    for (const std::size_t at : {40'000u, 90'000u}) {
        Rig rig({{"net", "samplernn", {{"model", pods.string()}, {"listen", "1"}, {"ahead", "20 ms"}}},
                 {"mic", "input", {}},
                 {"tap", "tap", {}}},
                {"mic -> net.ear", "net -> tap"}, {.rate = 16'000, .inputs = 1, .outputs = 1});
        rig.run(32'000, {part(sound, at, 32'000)});
        const auto config = model->config;
        const auto moment = from_bytes(as<HasState>(rig.node("net"))->save_state(), owner_of({&config, 1}, 1));
        // It has pushed the blocks of `ahead`, 5, and then what it heard, a block late.
        const auto heard = static_cast<std::size_t>(moment.drawn) - 5 * 64 - 64;
        REQUIRE(heard > 30'000);
        REQUIRE(heard < 32'000);
        const auto what_came = levels_of(part(sound, at + heard, 1'600), model->levels);
        RunState state(model), fresh(model);
        REQUIRE(state.fits(moment.states[0]));
        state.set_state(moment.states[0]);
        CHECK(state.state().levels.back() == levels_of(part(sound, at + heard - 1, 1), model->levels)[0]);
        const double with = nll_bits(state, what_came), without = nll_bits(fresh, what_came);
        MESSAGE("after listening " << with << " bits a sample, from silence " << without);
        CHECK(with < without);

        const float known = rig.meter("net", "surprise").value();
        rig.run(16'000, {noise(16'000, 1, 0.5f)});
        CHECK(rig.meter("net", "surprise").value() > known + 1);
        ++seen;
    }
    CHECK(seen == 2);
}

TEST_CASE("a primed network begins behind its sound, and begins there again at a reset") {
    const Network network(sine_network());
    Samples said = sine(200, 8'000, 8'000, 0.13f);
    for (float& x : said) x += 50.0f / 128;
    write_wav(network.folder / "said.wav", {said}, 8'000);
    const auto file = (network.folder / "said.wav").string();
    auto rig = network.rig(8'000, 0, {{"temperature", "0"}, {"prime", file}, {"ahead", "16 ms"}});
    const Samples first = rig.run(3'200)[0];
    CHECK(std::abs(first[0] - said.back()) < 0.05f);
    CHECK(swing(first) < 0.25);
    CHECK(swing(first) > 0.08);
    rig.fire("net", "reset");
    const Samples again = rig.run(3'200)[0];
    for (std::size_t i = 400; i < 3'000; ++i) REQUIRE(again[128 + i] == first[i]);
    CHECK(largest_step(again) < 2 * largest_step(first) + 0.05);

    // Of another rate, in stereo, and longer than it listens.
    write_wav(network.folder / "wide.wav", {noise(400'000, 1), noise(400'000, 2)}, 44'100);
    CHECK(finite(network.rig(8'000, 0, {{"prime", (network.folder / "wide.wav").string()}}).run(3'200)));
}

TEST_CASE("a prime that cannot be heard is said at its setting") {
    const Network network(network_of(config_at(8'000)));
    const auto told = [&](const Settings& settings) {
        Settings all = settings;
        all.emplace_back("model", network.folder.path.string());
        std::string text;
        for (const auto& line : problems_of({{"net", "samplernn", all}})) text += line + "\n";
        return text;
    };
    CHECK(told({{"prime", (network.folder / "none.wav").string()}}).find("none.wav does not exist") !=
          std::string::npos);
    write_wav(network.folder / "x.wav", {noise(100)}, 8'000);
    CHECK(told({{"prime", (network.folder / "x.wav").string()}}).empty());
    CHECK(told({{"prime", (network.folder / "x.wav").string()}, {"from", (network.folder / "x.wav").string()}})
              .find("remove one of them") != std::string::npos);
}

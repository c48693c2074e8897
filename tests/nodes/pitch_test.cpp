// The pitch that is heard, its speed, and that no turn of the knob leaves a rest.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>

#include "tests/harness.h"

using namespace legume::test;

namespace {

Rig rig_of(const std::string& by, double rate = 48'000, int inputs = 1) {
    return Rig({{"i", "input", {{"channels", std::to_string(inputs)}}}, {"p", "pitch", {{"by", by}}}, {"t", "tap", {}}},
               {"i -> p -> t"}, {.rate = rate, .inputs = inputs});
}

}  // namespace

TEST_CASE("a tone moves by its semitones, at any sample rate, and is as loud as before") {
    for (const double rate : {44'100.0, 48'000.0, 96'000.0}) {
        for (const int by : {-12, -5, 0, 7, 12}) {
            CAPTURE(rate);
            CAPTURE(by);
            const auto frames = static_cast<std::size_t>(2 * rate);
            auto rig = rig_of(std::to_string(by), rate);
            const auto heard = rig.run(frames, {sine(500, rate, frames, 0.5f)})[0];
            const auto late = part(heard, frames / 2, frames / 2);
            CHECK(loudest_hertz(late, rate) == doctest::Approx(500 * std::exp2(by / 12.0)).epsilon(0.003));
            CHECK(rms(late) == doctest::Approx(0.3536).epsilon(0.08));
        }
    }
}

TEST_CASE("a sound begins and ends when it did, after the latency that is declared") {
    for (const int by : {-12, 0, 12}) {
        CAPTURE(by);
        auto rig = rig_of(std::to_string(by));
        Samples sound(144'000, 0.0f);
        const auto burst = noise(24'000, 1, 0.5f);
        std::copy(burst.begin(), burst.end(), sound.begin() + 48'000);
        const auto heard = rig.run(sound.size(), {sound})[0];
        const auto late = static_cast<std::size_t>(rig.node("p").latency_frames());
        CHECK(late < 6'000);
        constexpr std::size_t about = 1'500;  // the pieces that are laid over each other
        CHECK(peak(part(heard, 0, 48'000 + late - about)) < 0.01);
        CHECK(rms(part(heard, 48'000 + late + about, 24'000 - 2 * about)) > 0.15);
        CHECK(peak(part(heard, 72'000 + late + about, 40'000)) < 0.01);
    }
}

TEST_CASE("turning the pitch from end to end never leaves a rest, nor a click") {
    auto rig = rig_of("0");
    const auto tone = sine(200, 48'000, 4'800, 0.5f);  // comes round whole
    rig.run(48'000, {sine(200, 48'000, 48'000, 0.5f)});
    for (int turn = 0; turn < 120; ++turn) {
        CAPTURE(turn);
        rig.set("p", "by", static_cast<float>(turn % 3 == 0 ? 12 : turn % 3 == 1 ? -12 : (turn * 7) % 25 - 12));
        const auto heard = rig.run(4'800, {tone})[0];
        CHECK(largest_step(heard) < 0.06);  // an octave up its own steps are 0.026
        for (std::size_t at = 0; at + 960 <= heard.size(); at += 480) CHECK(rms(part(heard, at, 960)) > 0.1);
    }
}

TEST_CASE("channels keep apart") {
    auto rig = rig_of("5", 48'000, 2);
    const auto heard = rig.run(48'000, {noise(48'000, 1, 0.5f), Samples(48'000, 0.0f)});
    CHECK(rms(part(heard[0], 24'000, 24'000)) > 0.1);
    CHECK(peak(heard[1]) == 0);
}

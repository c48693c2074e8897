// Nothing goes beyond the ceiling, not between the samples either; what is below it is left alone.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "nodes/dsp/resampler.h"
#include "tests/harness.h"

using namespace legume;
using namespace legume::test;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

Rig rig_of(const Settings& settings, int channels = 1, double rate = 48'000) {
    return Rig({{"a", "input", {{"channels", std::to_string(channels)}}}, {"l", "limiter", settings}, {"t", "tap", {}}},
               {"a -> l -> t"}, {.rate = rate, .inputs = channels});
}

// Without the ends, where what is cut off rings.
double true_peak(const Samples& x) { return decibels(peak(part(dsp::resample(x, 1, 1, 8), 40'000, 320'000))); }

}  // namespace

TEST_CASE("what is below the ceiling comes through to the bit, as late as the limiter says") {
    for (const auto& [text, frames] : {std::pair{"5 ms", 240}, {"1 ms", 48}, {"50 ms", 2'400}}) {
        auto rig = rig_of({{"look_ahead", text}});
        const auto sound = noise(9'600, 1, 0.4f);
        const auto heard = rig.run(9'600, {sound})[0];
        const int late = rig.node("l").latency_frames();
        CHECK(late == frames + 24);
        CHECK(std::equal(heard.begin() + late, heard.end(), sound.begin()));
    }
}

TEST_CASE("no true peak goes beyond the ceiling") {
    // At a quarter of the rate and an eighth of a turn, a sine's samples are 3 dB below its peaks.
    for (const double rate : {44'100.0, 96'000.0}) {
        auto between = sine(rate / 4, rate, 48'000);
        for (std::size_t i = 0; i < between.size(); ++i) between[i] = i / 2 % 2 ? -0.95f : 0.95f;
        auto bursts = dsp::resample(noise(24'000, 3, 4), 1, 1, 2);  // up to half the band
        for (std::size_t i = 0; i < bursts.size(); ++i) bursts[i] *= i / 3'000 % 3 ? 0.05f : 1.0f;
        for (const auto& sound : {between, bursts}) {
            auto rig = rig_of({{"ceiling", "-1 dB"}, {"gain", "6 dB"}, {"release", "20 ms"}}, 1, rate);
            const auto heard = rig.run(sound.size(), {sound})[0];
            CHECK(true_peak(sound) > 2);
            CHECK(true_peak(heard) < -0.9);
            CHECK(true_peak(heard) > -3);
            CHECK(decibels(peak(heard)) < -0.999);
        }
    }
}

TEST_CASE("a single peak is turned down without a click, and both sides alike") {
    auto rig = rig_of({{"release", "50 ms"}}, 2);
    auto tone = sine(100, 48'000, 24'000, 0.5f);
    Samples quiet(24'000, 0.25f);
    tone[12'000] = 4;
    const auto heard = rig.run(24'000, {tone, quiet});
    const float least = *std::min_element(heard[1].begin() + 400, heard[1].end());
    CHECK(least == doctest::Approx(0.25 * 0.8913 / 4).epsilon(0.06));
    CHECK(largest_step(part(heard[1], 400, 23'600)) < 0.0015f);
    CHECK(heard[1].back() == doctest::Approx(0.25).epsilon(0.01));
}

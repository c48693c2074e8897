// What each shape adds, how little folds back, and that the sound comes in its time.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "nodes/dsp/half_band.h"
#include "nodes/dsp/tanh.h"
#include "tests/harness.h"

using namespace legume;
using namespace legume::test;

namespace {

Samples bent(const std::vector<std::pair<std::string, std::string>>& settings, const Samples& sound) {
    Rig rig({{"a", "input", {}}, {"d", "distort", settings}, {"t", "tap", {}}}, {"a -> d -> t"}, {.inputs = 1});
    return rig.run(sound.size(), {sound})[0];
}

}  // namespace

TEST_CASE("up and down again a sound is what it was, later by what it says") {
    for (const int factor : {1, 2, 4}) {
        CAPTURE(factor);
        dsp::Oversampler over;
        const auto sound = sine(15'000, 48'000, 6'400, 0.5f);
        Samples heard;
        for (std::size_t at = 0; at < sound.size(); at += 64) {
            float many[4 * 64], y[64];
            over.up(sound.data() + at, factor, many);
            over.down(many, factor, y);
            heard.insert(heard.end(), y, y + 64);
        }
        const auto late = static_cast<std::size_t>(dsp::Oversampler::delay(factor));
        float worst = 0;
        for (std::size_t i = 200; i < heard.size(); ++i) worst = std::max(worst, std::abs(heard[i] - sound[i - late]));
        CHECK(worst < 2e-4f);
    }
}

TEST_CASE("the cheap tanh is tanh as far as a float goes, and odd") {
    for (float x = -12; x < 12; x += 0.001f) {
        REQUIRE(std::abs(double{dsp::tanh(x)} - std::tanh(double{x})) < 5e-7);
        REQUIRE(dsp::tanh(-x) == -dsp::tanh(x));
    }
    CHECK(dsp::tanh(0.0f) == 0);
    CHECK(dsp::tanh(1e6f) <= 1);
}

TEST_CASE("a clipped sine has odd harmonics, one off its middle even ones, and a rectified one an octave") {
    const auto tone = sine(1'000, 48'000, 48'000, 0.5f);
    for (const std::string shape : {"soft", "hard", "fold", "sine"}) {
        CAPTURE(shape);
        const auto heard = bent({{"shape", shape}, {"drive", "18 dB"}}, tone);
        CHECK(amplitude_at(heard, 48'000, 3'000) > 0.05);
        CHECK(amplitude_at(heard, 48'000, 2'000) < 1e-4);
        CHECK(amplitude_at(bent({{"shape", shape}, {"drive", "18 dB"}, {"bias", "0.3"}}, tone), 48'000, 2'000) > 0.01);
    }
    CHECK(amplitude_at(bent({{"shape", "tube"}, {"drive", "18 dB"}}, tone), 48'000, 2'000) > 0.01);
    const auto octave = bent({{"shape", "rectify"}}, tone);
    CHECK(amplitude_at(octave, 48'000, 2'000) > 0.1);
    CHECK(amplitude_at(octave, 48'000, 1'000) < 1e-4);
}

TEST_CASE("oversampling takes away what folds back") {
    // The seventh harmonic of 5 kHz folds from 35 kHz to 13 kHz.
    const auto tone = sine(5'000, 48'000, 48'000, 0.5f);
    const auto folded = [&](const std::string& oversample) {
        return amplitude_at(bent({{"drive", "12 dB"}, {"oversample", oversample}}, tone), 48'000, 13'000);
    };
    CHECK(folded("off") > 0.003);
    CHECK(folded("2x") < 0.05 * folded("off"));
    CHECK(folded("4x") < 0.05 * folded("off"));
}

TEST_CASE("mixed with none of itself the sound is what it was, in step with what is bent") {
    const auto sound = noise(6'400);
    for (const auto& [oversample, late] : {std::pair{"off", 0}, {"2x", 32}, {"4x", 48}}) {
        const auto heard = bent({{"mix", "0"}, {"oversample", oversample}}, sound);
        CHECK(std::equal(heard.begin() + late, heard.end(), sound.begin()));
        Rig rig({{"d", "distort", {{"oversample", oversample}}}}, {});
        CHECK(rig.node("d").latency_frames() == late);
    }
}

TEST_CASE("turning drive and bias from end to end does not click") {
    const auto tone = sine(50, 48'000, 9'600, 0.5f);
    Rig rig({{"a", "input", {}}, {"d", "distort", {{"drive", "0 dB"}}}, {"t", "tap", {}}}, {"a -> d -> t"},
            {.inputs = 1});
    rig.run(9'600, {tone});
    rig.set("d", "bias", 1);
    CHECK(largest_step(rig.run(9'600, {tone})[0]) < 0.02);
    rig.set("d", "drive", 12);
    CHECK(largest_step(rig.run(9'600, {tone})[0]) < 0.05);
}

// The filter's response, measured with sines.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>

#include "tests/harness.h"

using namespace legume::test;

namespace {

// Decibels of a sine of so many hertz through one of the filter's outputs.
double response(const std::string& port, double hertz, const std::string& cutoff, const std::string& resonance = "0") {
    Rig rig({{"a", "input", {}}, {"f", "filter", {{"cutoff", cutoff}, {"resonance", resonance}}}, {"t", "tap", {}}},
            {"a -> f", "f." + port + " -> t"}, {.inputs = 1});
    const auto heard = rig.run(48'000, {sine(hertz, 48'000, 48'000, 0.5f)})[0];
    return decibels(amplitude_at(part(heard, 16'000, 32'000), 48'000, hertz) / 0.5);
}

auto about(double db) { return doctest::Approx(db).epsilon(0.02); }

}  // namespace

TEST_CASE("at its corner the filter is 3 dB down, below as well as above") {
    for (const auto* corner : {"100 Hz", "1 kHz", "10 kHz"}) {
        const double hertz = corner == std::string("100 Hz") ? 100 : corner == std::string("1 kHz") ? 1'000 : 10'000;
        CHECK(response("low", hertz, corner) == about(-3.01));
        CHECK(response("high", hertz, corner) == about(-3.01));
        CHECK(response("band", hertz, corner) == about(0));
        CHECK(response("notch", hertz, corner) < -60);
    }
}

TEST_CASE("the filter falls by 12 dB an octave") {
    CHECK(response("low", 4'000, "500 Hz") == about(-36.4));  // a little more than 36: the top of the band is bent
    CHECK(response("low", 50, "1 kHz") == about(0));
    CHECK(response("high", 62.5, "500 Hz") == about(-36.1));
    CHECK(response("high", 10'000, "500 Hz") == about(0));
}

TEST_CASE("a resonant corner rings louder than the rest") {
    CHECK(response("low", 1'000, "1 kHz", "0.9") > 14);
    CHECK(response("low", 1'000, "1 kHz", "1") < 40);
}

TEST_CASE("sweeping the corner at audio rate stays bounded") {
    Rig rig({{"n", "noise", {}},
             {"wave", "oscillator", {{"frequency", "5 kHz"}}},
             {"f", "filter", {{"resonance", "0.95"}}},
             {"t", "tap", {}}},
            {"n -> f", "wave -> f.cutoff", "f -> t"});
    const auto heard = rig.run(96'000)[0];
    CHECK(peak(heard) < 30);
    CHECK(rms(heard) > 0.01);
    CHECK(rig.schedule().poisoned().empty());
}

TEST_CASE("each channel has its own filter") {
    Rig rig({{"a", "input", {{"channels", "2"}}}, {"f", "filter", {}}, {"t", "tap", {}}}, {"a -> f -> t"},
            {.inputs = 2});
    const auto heard = rig.run(4'800, {noise(4'800), Samples(4'800, 0.0f)});
    CHECK(rms(heard[0]) > 0.05);
    CHECK(peak(heard[1]) == 0);
}

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

namespace {

// Decibels of a sine through one of the outs of a filter of this kind.
double response(const std::string& kind, const std::string& port, double hertz, const std::string& resonance,
                double rate = 48'000) {
    const auto second = static_cast<std::size_t>(rate);
    Rig rig({{"a", "input", {}},
             {"f", "filter", {{"kind", kind}, {"cutoff", "1 kHz"}, {"resonance", resonance}}},
             {"t", "tap", {}}},
            {"a -> f", "f." + port + " -> t"}, {.rate = rate, .inputs = 1});
    const auto heard = rig.run(2 * second, {sine(hertz, rate, 2 * second, 0.01f)})[0];
    return decibels(amplitude_at(part(heard, second, second), rate, hertz) / 0.01);
}

}  // namespace

TEST_CASE("the ladder falls by 24 dB an octave, at any sample rate") {
    for (const double rate : {44'100.0, 96'000.0}) {
        CHECK(response("ladder", "low", 1'000, "0", rate) == about(-12.04));
        CHECK(response("ladder", "low", 50, "0", rate) == doctest::Approx(0).epsilon(0.05));
        CHECK(response("ladder", "low", 8'000, "0", 96'000) - response("ladder", "low", 4'000, "0", 96'000) ==
              doctest::Approx(-24).epsilon(0.08));
        CHECK(response("ladder", "high", 1'000, "0", rate) == about(-12.04));
        CHECK(response("ladder", "high", 125, "0", rate) == about(-72.8));
        CHECK(response("ladder", "band", 1'000, "0", rate) == doctest::Approx(0).epsilon(0.05));
        CHECK(response("ladder", "notch", 1'000, "0", rate) < -60);
    }
}

TEST_CASE("the ladder's corner rings up to a whistle of its own that stays where it is") {
    CHECK(response("ladder", "low", 1'000, "0.95") > 6);
    Rig rig({{"a", "input", {}},
             {"f", "filter", {{"kind", "ladder"}, {"cutoff", "1 kHz"}, {"resonance", "1"}}},
             {"t", "tap", {}}},
            {"a -> f -> t"}, {.inputs = 1});
    rig.run(96'000, {noise(480, 1, 0.01f)});
    const auto whistle = rig.run(96'000)[0];
    CHECK(loudest_hertz(whistle, 48'000) == doctest::Approx(1'000).epsilon(0.02));
    CHECK(rms(whistle) > 0.02);
    CHECK(peak(whistle) < 1);
}

TEST_CASE("the comb rings at its corner and all its overtones, and its notch takes just those away") {
    for (const double hertz : {1'000.0, 2'000.0, 5'000.0}) {
        CHECK(response("comb", "low", hertz, "0.9") == doctest::Approx(0).epsilon(0.4));
        CHECK(response("comb", "low", hertz + 500, "0.9") < -20);
        CHECK(response("comb", "notch", hertz, "0.9") < -20);
        CHECK(response("comb", "notch", hertz + 500, "0.9") == doctest::Approx(0).epsilon(0.4));
    }
    CHECK(response("comb", "high", 500, "0.9") == doctest::Approx(0).epsilon(0.2));
    CHECK(response("comb", "high", 1'000, "0.9") < -20);
    CHECK(response("comb", "low", 1'234, "0") ==
          doctest::Approx(0).epsilon(0.01));  // without resonance it is not there
}

TEST_CASE("no kind of filter clicks while its corner and its resonance go from end to end") {
    for (const auto* kind : {"state-variable", "ladder", "comb"}) {
        CAPTURE(kind);
        Rig rig({{"a", "input", {}}, {"f", "filter", {{"kind", kind}}}, {"t", "tap", {}}}, {"a -> f -> t"},
                {.inputs = 1});
        const auto tone = sine(200, 48'000, 24'000, 0.1f);
        rig.run(24'000, {tone});
        for (const float cutoff : {20'000.0f, 20.0f, 20'000.0f}) {
            rig.set("f", "cutoff", cutoff);
            rig.set("f", "resonance", cutoff > 100 ? 0.0f : 0.6f);
            CHECK(largest_step(rig.run(24'000, {tone})[0]) < 0.1);
        }
    }
}

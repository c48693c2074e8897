// The equaliser's response, measured with sines.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/harness.h"

using namespace legume::test;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

double response(double hertz, const Settings& settings, double rate = 48'000) {
    Rig rig({{"a", "input", {}}, {"e", "eq", settings}, {"t", "tap", {}}}, {"a -> e -> t"},
            {.rate = rate, .inputs = 1});
    const auto heard = rig.run(48'000, {sine(hertz, rate, 48'000, 0.1f)})[0];
    return decibels(amplitude_at(part(heard, 16'000, 32'000), rate, hertz) / 0.1);
}

}  // namespace

TEST_CASE("at 0 dB the equaliser leaves sound as it is, to the bit") {
    const auto sound = noise(4'800);
    Rig rig({{"a", "input", {}}, {"e", "eq", {}}, {"t", "tap", {}}}, {"a -> e -> t"}, {.inputs = 1});
    CHECK(rig.run(4'800, {sound})[0] == sound);
}

TEST_CASE("a bell lifts its middle by its gain, half of it at its edges, and nothing far away") {
    for (const double rate : {44'100.0, 96'000.0})
        for (const double db : {-18.0, 12.0}) {
            const Settings bell{{"mid1", "1 kHz"}, {"mid1_gain", std::to_string(db)}, {"mid1_q", "2"}};
            CHECK(response(1'000, bell, rate) == doctest::Approx(db).epsilon(0.005));
            // The cookbook's bandwidth lies between the points at half the gain: f (sqrt(1 + 1/4Q^2) +- 1/2Q).
            CHECK(response(1'280.8, bell, rate) == doctest::Approx(db / 2).epsilon(0.01));
            CHECK(response(780.8, bell, rate) == doctest::Approx(db / 2).epsilon(0.01));
            CHECK(response(40, bell, rate) == doctest::Approx(0).epsilon(0.05));
        }
}

TEST_CASE("a shelf has its gain beyond its corner, half of it there, and none on the other side") {
    for (const double db : {-12.0, 9.0}) {
        const Settings low{{"low", "500 Hz"}, {"low_gain", std::to_string(db)}},
            high{{"high", "2 kHz"}, {"high_gain", std::to_string(db)}};
        CHECK(response(30, low) == doctest::Approx(db).epsilon(0.01));
        CHECK(response(500, low) == doctest::Approx(db / 2).epsilon(0.01));
        CHECK(response(8'000, low) == doctest::Approx(0).epsilon(0.02));
        CHECK(response(100, high) == doctest::Approx(0).epsilon(0.02));
        CHECK(response(2'000, high) == doctest::Approx(db / 2).epsilon(0.01));
        CHECK(response(16'000, high) == doctest::Approx(db).epsilon(0.01));
    }
}

TEST_CASE("swept at audio rate it stays bounded, and a turn from end to end does not click") {
    Rig wild({{"n", "noise", {}},
              {"wave", "oscillator", {{"frequency", "5 kHz"}}},
              {"e", "eq", {{"mid1_gain", "24 dB"}, {"mid1_q", "10"}}},
              {"t", "tap", {}}},
             {"n -> e", "wave -> e.mid1", "e -> t"});
    CHECK(peak(wild.run(96'000)[0]) < 100);
    const auto tone = sine(60, 48'000, 9'600, 0.1f);
    for (const std::string band : {"low", "mid1", "mid2", "high"}) {
        CAPTURE(band);
        Rig rig({{"a", "input", {}}, {"e", "eq", {{band + "_gain", "-12 dB"}}}, {"t", "tap", {}}}, {"a -> e -> t"},
                {.inputs = 1});
        rig.run(9'600, {tone});
        rig.set("e", band + "_gain", 12);
        CHECK(largest_step(rig.run(9'600, {tone})[0]) < 5 * largest_step(tone));
        rig.set("e", band, 60);
        CHECK(largest_step(rig.run(9'600, {tone})[0]) < 8 * largest_step(tone));
    }
}

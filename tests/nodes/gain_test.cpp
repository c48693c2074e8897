// Levels, muting, and the mixer's sum.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/harness.h"

using namespace legume::test;

TEST_CASE("gain does what its decibels say, and -90 dB is silence") {
    const auto sound = noise(4'800);
    for (const double db : {-60.0, -6.0, 0.0, 12.0}) {
        Rig rig({{"a", "input", {}}, {"g", "gain", {{"gain", std::to_string(db) + " dB"}}}, {"t", "tap", {}}},
                {"a -> g -> t"}, {.inputs = 1});
        CHECK(decibels(rms(rig.run(4'800, {sound})[0]) / rms(sound)) == doctest::Approx(db).epsilon(0.001));
    }
    Rig rig({{"a", "input", {}}, {"g", "gain", {{"gain", "-90 dB"}}}, {"t", "tap", {}}}, {"a -> g -> t"},
            {.inputs = 1});
    CHECK(peak(rig.run(4'800, {sound})[0]) == 0);
}

TEST_CASE("at 0 dB gain leaves sound as it is, to the bit") {
    const auto sound = noise(4'800);
    Rig rig({{"a", "input", {}}, {"g", "gain", {}}, {"t", "tap", {}}}, {"a -> g -> t"}, {.inputs = 1});
    CHECK(rig.run(4'800, {sound})[0] == sound);
}

TEST_CASE("muting is quick and does not click") {
    const auto tone = sine(100, 48'000, 9'600);
    Rig rig({{"a", "input", {}}, {"g", "gain", {}}, {"t", "tap", {}}}, {"a -> g -> t"}, {.inputs = 1});
    rig.run(9'600, {tone});
    rig.set("g", "mute", 1);
    const auto heard = rig.run(9'600, {tone})[0];
    CHECK(largest_step(heard) < largest_step(tone) + 0.003);
    CHECK(peak(part(heard, 640, 4'800)) == 0);
}

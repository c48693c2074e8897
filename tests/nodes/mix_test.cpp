// The mixer's sum.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/harness.h"

using namespace legume::test;

TEST_CASE("mix adds its sounds, each at its level") {
    const auto low = sine(200, 48'000, 9'600, 0.5f), high = sine(3'000, 48'000, 9'600, 0.5f);
    Rig rig({{"a", "input", {}},
             {"b", "oscillator", {{"frequency", "3 kHz"}, {"gain", "-6.0206 dB"}}},
             {"m", "mix", {{"gain8", "-20 dB"}}},
             {"t", "tap", {}}},
            {"a -> m.in1", "b -> m.in8", "m -> t"}, {.inputs = 1});
    const auto heard = rig.run(9'600, {low})[0];
    CHECK(amplitude_at(heard, 48'000, 200) == doctest::Approx(0.5).epsilon(0.01));
    CHECK(amplitude_at(heard, 48'000, 3'000) == doctest::Approx(0.05).epsilon(0.01));
}

TEST_CASE("a mono sound in a mix is heard on every channel of the widest") {
    Rig rig({{"a", "input", {}},
             {"b", "noise", {{"channels", "2"}, {"gain", "-90 dB"}}},
             {"m", "mix", {}},
             {"t", "tap", {}}},
            {"a -> m.in1", "b -> m.in2", "m -> t"}, {.inputs = 1});
    const auto sound = noise(640);
    const auto heard = rig.run(640, {sound});
    CHECK(heard[0] == sound);
    CHECK(heard[1] == sound);
}

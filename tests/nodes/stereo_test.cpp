// Narrow, wide, and middle and side there and back.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/harness.h"

using namespace legume::test;

namespace {

Channels played(const std::string& width, const Channels& sound) {
    Rig rig({{"a", "input", {{"channels", "2"}}}, {"s", "stereo", {{"width", width}}}, {"t", "tap", {}}},
            {"a -> s -> t"}, {.inputs = 2});
    return rig.run(sound[0].size(), sound);
}

}  // namespace

TEST_CASE("width 0 is mono, 1 is the sound to the bit, 2 doubles the difference and leaves the sum") {
    const Channels sound{noise(4'800, 1), noise(4'800, 2)};
    CHECK(played("1", sound) == sound);
    const auto mono = played("0", sound), twice = played("2", sound);
    for (std::size_t i = 0; i < 4'800; ++i) {
        const float mid = 0.5f * (sound[0][i] + sound[1][i]);
        REQUIRE(mono[0][i] == doctest::Approx(mid).epsilon(1e-5));
        REQUIRE(mono[1][i] == doctest::Approx(mid).epsilon(1e-5));
        REQUIRE(twice[0][i] + twice[1][i] == doctest::Approx(2 * mid).epsilon(1e-5));
        REQUIRE(twice[0][i] - twice[1][i] == doctest::Approx(2 * (sound[0][i] - sound[1][i])).epsilon(1e-5));
    }
}

TEST_CASE("encoded and decoded again a sound is what it was") {
    Rig rig({{"a", "input", {{"channels", "2"}}},
             {"e", "stereo", {{"code", "encode"}}},
             {"d", "stereo", {{"code", "decode"}}},
             {"t", "tap", {}}},
            {"a -> e -> d -> t"}, {.inputs = 2});
    const Channels sound{noise(4'800, 1), noise(4'800, 2)};
    const auto heard = rig.run(4'800, sound);
    for (std::size_t ch = 0; ch < 2; ++ch)
        for (std::size_t i = 0; i < 4'800; ++i) REQUIRE(heard[ch][i] == doctest::Approx(sound[ch][i]).epsilon(1e-5));
}

TEST_CASE("turning the width from end to end does not click") {
    const auto left = sine(100, 48'000, 4'800), right = sine(150, 48'000, 4'800);
    Rig rig({{"a", "input", {{"channels", "2"}}}, {"s", "stereo", {{"width", "0"}}}, {"t", "tap", {}}}, {"a -> s -> t"},
            {.inputs = 2});
    rig.run(4'800, {left, right});
    rig.set("s", "width", 2);
    CHECK(largest_step(rig.run(4'800, {left, right})[0]) < 0.04);
}

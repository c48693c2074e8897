// The crossfade's laws.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/harness.h"

using namespace legume::test;

namespace {

// What comes out when only a is wired.
Samples a_alone(const std::string& law, const std::string& position, const Samples& a) {
    Rig rig({{"a", "input", {}}, {"x", "crossfade", {{"law", law}, {"position", position}}}, {"t", "tap", {}}},
            {"a -> x.a", "x -> t"}, {.inputs = 1});
    return part(rig.run(a.size(), {a})[0], 0, a.size());
}

}  // namespace

TEST_CASE("crossfade keeps power at the centre") {
    Rig rig({{"a", "noise", {}}, {"b", "noise", {}}, {"x", "crossfade", {{"position", "0.5"}}}, {"t", "tap", {}}},
            {"a -> x.a", "b -> x.b", "x -> t"});
    const double at_centre = rms(rig.run(48'000)[0]);
    rig.set("x", "position", 0);
    rig.run(4'800);
    const double at_a = rms(rig.run(48'000)[0]);
    CHECK(decibels(at_centre / at_a) == doctest::Approx(0).epsilon(0.1));
}

TEST_CASE("linear crossfade keeps the level of one sound at the centre") {
    const auto tone = sine(440, 48'000, 4'800, 0.5f);
    for (const auto* law : {"linear", "equal-power"}) {
        Rig rig({{"a", "input", {}}, {"x", "crossfade", {{"law", law}}}, {"t", "tap", {}}},
                {"a -> x.a", "a -> x.b", "x -> t"}, {.inputs = 1});
        const double gain = rms(rig.run(4'800, {tone})[0]) / rms(tone);
        CHECK(decibels(gain) == doctest::Approx(law == std::string("linear") ? 0 : 3.01).epsilon(0.01));
    }
}

TEST_CASE("at its ends a crossfade plays one side alone, to the bit") {
    const auto sound = noise(4'800);
    for (const auto* law : {"equal-power", "linear"}) {
        CHECK(a_alone(law, "0", sound) == sound);
        CHECK(peak(a_alone(law, "1", sound)) == 0);
    }
}

TEST_CASE("a jump of the crossfade's position glides") {
    Rig rig({{"a", "input", {}}, {"x", "crossfade", {{"position", "0"}}}, {"t", "tap", {}}}, {"a -> x.a", "x -> t"},
            {.inputs = 1});
    const Samples steady(9'600, 1.0f);
    rig.run(4'800, {steady});
    rig.set("x", "position", 1);
    const auto way = rig.run(9'600, {steady})[0];
    CHECK(way.back() == doctest::Approx(0));
    CHECK(largest_step(way) < 0.005);
}

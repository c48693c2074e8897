// What comes in from the device.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <limits>

#include "tests/harness.h"

using namespace legume::test;

TEST_CASE("input passes on what the device hears, and silence for what it lacks") {
    Rig rig({{"a", "input", {{"channels", "3"}}}, {"t", "tap", {}}}, {"a -> t"}, {.inputs = 2, .outputs = 3});
    const auto left = noise(640, 1), right = noise(640, 2);
    const auto heard = rig.run(640, {left, right});
    CHECK(heard[0] == left);
    CHECK(heard[1] == right);
    CHECK(peak(heard[2]) == 0);
}

TEST_CASE("a device that hands over what is no number does not poison the patch") {
    Rig rig({{"a", "input", {}}, {"f", "filter", {}}, {"t", "tap", {}}}, {"a -> f -> t"}, {.inputs = 1});
    Samples broken(64, 0.5f);
    broken[10] = std::numeric_limits<float>::quiet_NaN();
    broken[20] = std::numeric_limits<float>::infinity();
    CHECK(finite(rig.run(64, {broken})));
    const auto poisoned = rig.schedule().poisoned();
    REQUIRE(poisoned.size() == 1);
    CHECK(poisoned[0].id == "a");
    CHECK(poisoned[0].values == 2);
    CHECK(rms(rig.run(4'800, {noise(4'800)})[0]) > 0.01);
}

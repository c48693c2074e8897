// A knob that is heard as a line.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>

#include "tests/harness.h"

using namespace legume::test;

TEST_CASE("midi-cc follows its knob smoothly, and at once when told") {
    for (const auto* smooth : {"0.1", "0"}) {
        const bool slow = smooth[1] != 0;
        Rig rig({{"k", "midi-cc", {{"smooth", smooth}, {"value", "0.25"}}}, {"t", "tap", {}}}, {"k -> t"});
        const auto before = rig.run(640)[0];
        CHECK(before.front() == 0.25f);
        CHECK(before.back() == 0.25f);
        rig.set("k", "value", 1);
        const auto moved = rig.run(48'000)[0];
        CHECK(largest_step(moved) < (slow ? 0.001 : 0.02));
        CHECK(moved[4'800] == doctest::Approx(slow ? 1 - 0.75 * std::exp(-1.0) : 1).epsilon(0.01));
        CHECK(moved.back() == doctest::Approx(1).epsilon(0.001));
    }
}

// Where a random walk goes, and where it does not.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/harness.h"

using namespace legume::test;

namespace {

Channels walk(std::vector<std::pair<std::string, std::string>> settings, std::uint64_t seed = 1) {
    Rig rig({{"w", "random-walk", settings}, {"t", "tap", {}}}, {"w -> t"}, {.seed = seed});
    return rig.run(96'000);
}

}  // namespace

TEST_CASE("a walk takes as many steps as its rate says, none longer than its step, and stays between -1 and 1") {
    const auto y = walk({{"rate", "500 Hz"}, {"step", "0.3"}, {"smooth", "false"}})[0];
    std::size_t steps = 0;
    for (std::size_t i = 1; i < y.size(); ++i) steps += y[i] != y[i - 1];
    CHECK(steps == doctest::Approx(1'000).epsilon(0.01));
    CHECK(largest_step(y) <= 0.3f);
    CHECK(largest_step(y) > 0.25);
    CHECK(peak(y) <= 1);
    CHECK(*std::max_element(y.begin(), y.end()) > 0.8f);
    CHECK(*std::min_element(y.begin(), y.end()) < -0.8f);
}

TEST_CASE("a smooth walk glides from step to step") {
    const auto y = walk({{"rate", "100 Hz"}, {"step", "1"}})[0];
    CHECK(largest_step(y) < 1.0 / 470);  // a step lasts 480 frames
    CHECK(peak(y) > 0.5);
}

TEST_CASE("the same seed walks the same way, each channel and each seed its own") {
    const auto y = walk({{"channels", "2"}, {"rate", "20 Hz"}});
    CHECK(walk({{"channels", "2"}, {"rate", "20 Hz"}}) == y);
    CHECK(y[0] != y[1]);
    CHECK(walk({{"channels", "2"}, {"rate", "20 Hz"}}, 2)[0] != y[0]);
}

// Where a panned sound stands.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>

#include "tests/harness.h"

using namespace legume::test;

namespace {

Channels panned(const std::string& position, const Channels& in) {
    const auto channels = std::to_string(in.size());
    Rig rig({{"a", "input", {{"channels", channels}}}, {"p", "pan", {{"position", position}}}, {"t", "tap", {}}},
            {"a -> p -> t"}, {.inputs = static_cast<int>(in.size())});
    return rig.run(in[0].size(), in);
}

}  // namespace

TEST_CASE("pan keeps the power of a mono sound wherever it stands") {
    const auto sound = noise(4'800);
    for (const auto* position : {"-1", "-0.6", "0", "0.3", "1"}) {
        const auto heard = panned(position, {sound});
        CHECK(std::hypot(rms(heard[0]), rms(heard[1])) == doctest::Approx(rms(sound)).epsilon(0.0001));
    }
    CHECK(peak(panned("-1", {sound})[1]) == 0);
    CHECK(peak(panned("1", {sound})[0]) == 0);
    CHECK(decibels(rms(panned("0", {sound})[0]) / rms(sound)) == doctest::Approx(-3.01).epsilon(0.001));
}

TEST_CASE("pan leaves a stereo sound in the middle as it is, and takes one side away at the ends") {
    const auto left = noise(4'800, 1), right = noise(4'800, 2);
    const auto middle = panned("0", {left, right});
    CHECK(rms(middle[0]) == doctest::Approx(rms(left)).epsilon(1e-6));
    CHECK(rms(middle[1]) == doctest::Approx(rms(right)).epsilon(1e-6));
    const auto tilted = panned("1", {left, right});
    CHECK(peak(tilted[0]) == 0);
    CHECK(rms(tilted[1]) == doctest::Approx(rms(right)).epsilon(1e-6));
}

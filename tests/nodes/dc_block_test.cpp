// What stands still is gone; all else stays.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/harness.h"

using namespace legume::test;

TEST_CASE("an offset is gone after a moment, and what swings stays as loud as it was") {
    for (const double rate : {44'100.0, 96'000.0}) {
        Rig rig({{"a", "input", {}}, {"d", "dc-block", {}}, {"t", "tap", {}}}, {"a -> d -> t"},
                {.rate = rate, .inputs = 1});
        auto sound = sine(1'000, rate, static_cast<std::size_t>(2 * rate), 0.5f);
        for (float& x : sound) x += 0.3f;
        const auto heard = part(rig.run(sound.size(), {sound})[0], static_cast<std::size_t>(rate), 40'000);
        double sum = 0;
        for (const float x : heard) sum += static_cast<double>(x);
        CHECK(sum / 40'000 == doctest::Approx(0).epsilon(0.001));
        CHECK(amplitude_at(heard, rate, 1'000) == doctest::Approx(0.5).epsilon(0.001));
    }
}

TEST_CASE("at its corner it is 3 dB down") {
    Rig rig({{"a", "input", {}}, {"d", "dc-block", {{"corner", "50 Hz"}}}, {"t", "tap", {}}}, {"a -> d -> t"},
            {.inputs = 1});
    const auto heard = part(rig.run(96'000, {sine(50, 48'000, 96'000)})[0], 48'000, 48'000);
    CHECK(decibels(amplitude_at(heard, 48'000, 50)) == doctest::Approx(-3.01).epsilon(0.02));
}

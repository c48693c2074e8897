// Where a tone lands, and how little of it lands elsewhere.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/harness.h"

using namespace legume::test;

TEST_CASE("a tone moves by so many hertz, as loud as it was, and hardly any goes the other way") {
    for (const double rate : {44'100.0, 96'000.0})
        for (const double hertz : {200.0, 1'000.0, 8'000.0})
            for (const double by : {150.0, -90.0}) {
                CAPTURE(hertz);
                CAPTURE(by);
                Rig rig({{"a", "input", {}}, {"s", "shift", {{"by", std::to_string(by) + " Hz"}}}, {"t", "tap", {}}},
                        {"a -> s", "s.out -> t"}, {.rate = rate, .inputs = 1});
                const auto heard = part(rig.run(96'000, {sine(hertz, rate, 96'000, 0.5f)})[0], 48'000, 48'000);
                CHECK(amplitude_at(heard, rate, hertz + by) == doctest::Approx(0.5).epsilon(0.01));
                CHECK(amplitude_at(heard, rate, hertz - by) < 0.005);
                CHECK(amplitude_at(heard, rate, hertz) < 0.005);
            }
}

TEST_CASE("the mirror goes the other way, and turning from end to end does not click") {
    Rig rig({{"a", "input", {}}, {"s", "shift", {{"by", "100 Hz"}}}, {"t", "tap", {}}}, {"a -> s", "s.mirror -> t"},
            {.inputs = 1});
    const auto tone = sine(1'000, 48'000, 96'000, 0.5f);
    CHECK(loudest_hertz(part(rig.run(96'000, {tone})[0], 48'000, 48'000), 48'000) ==
          doctest::Approx(900).epsilon(0.001));
    rig.set("s", "by", -500);
    CHECK(largest_step(rig.run(9'600, {tone})[0]) < 0.11);
}

// What is heard along the row.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/harness.h"

using namespace legume::test;

namespace {

// Three noises in a row.
Rig row(const std::string& position, const std::string& law = "equal-power") {
    return Rig({{"a", "noise", {}},
                {"b", "noise", {}},
                {"c", "noise", {{"gain", "-6 dB"}}},
                {"s", "scan", {{"position", position}, {"law", law}}},
                {"t", "tap", {}}},
               {"a -> s.in1", "b -> s.in2", "c -> s.in3", "s -> t"});
}

}  // namespace

TEST_CASE("at a whole position one sound is heard alone, beyond the last one nothing") {
    Rig alone({{"a", "noise", {}}, {"b", "noise", {}}, {"t", "tap", {}}}, {"b -> t"});
    CHECK(row("2").run(4'800)[0] == alone.run(4'800)[0]);
    CHECK(peak(row("5").run(4'800)[0]) == 0);
}

TEST_CASE("between two sounds power is kept, or level where the law is linear") {
    const double whole = rms(row("1").run(48'000)[0]);
    for (const auto* at : {"1.25", "1.5", "1.9"})
        CHECK(decibels(rms(row(at).run(48'000)[0]) / whole) == doctest::Approx(0).scale(1).epsilon(0.1));
    CHECK(decibels(rms(row("1.5", "linear").run(48'000)[0]) / whole) == doctest::Approx(-3.01).epsilon(0.05));
    CHECK(decibels(rms(row("3").run(48'000)[0]) / whole) == doctest::Approx(-6).epsilon(0.05));
}

TEST_CASE("a jump from one end to the other does not click") {
    Rig rig({{"i", "input", {{"channels", "2"}}}, {"s", "scan", {}}, {"t", "tap", {}}},
            {"i -> s.in1", "i -> s.in8", "s -> t"}, {.inputs = 2});
    const Channels steady{Samples(4'800, 1.0f), Samples(4'800, -0.5f)};
    rig.run(1'280, steady);
    rig.set("s", "position", 8);
    const auto way = rig.run(4'800, steady);
    for (const auto& channel : way) CHECK(largest_step(channel) < 0.02);
    CHECK(way[0].back() == 1);
    CHECK(way[1].back() == -0.5f);
}

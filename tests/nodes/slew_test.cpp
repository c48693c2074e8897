// The slew's times.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/harness.h"

using namespace legume::test;

namespace {

// A second at each level, after a block of silence.
Samples slewed(const std::string& shape, double rate, const std::vector<float>& levels) {
    Rig rig({{"i", "input", {}},
             {"s", "slew", {{"shape", shape}, {"rise", "100 ms"}, {"fall", "300 ms"}}},
             {"t", "tap", {}}},
            {"i -> s", "s -> t"}, {.rate = rate, .inputs = 1});
    Samples steps;
    for (const float level : levels) steps.insert(steps.end(), static_cast<std::size_t>(rate), level);
    rig.run(64);
    return rig.run(steps.size(), {steps})[0];
}

}  // namespace

TEST_CASE("an exponential slew goes 99 % of any way in its time, up and down") {
    for (const double rate : {44'100.0, 96'000.0})
        for (const float height : {1.0f, 60.0f}) {
            const auto wave = slewed("exponential", rate, {height, 0});
            const auto at = [&](double seconds) { return wave[static_cast<std::size_t>(seconds * rate)]; };
            CHECK(at(0.1) == doctest::Approx(0.99 * height).epsilon(0.001));
            CHECK(at(0.05) == doctest::Approx(0.9 * height).epsilon(0.001));
            CHECK(at(1.3) == doctest::Approx(0.01 * height).epsilon(0.01));
        }
}

TEST_CASE("a linear slew goes at a steady speed, up and down") {
    for (const double rate : {44'100.0, 96'000.0}) {
        const auto wave = slewed("linear", rate, {1, -1, 0.5f});
        const auto at = [&](double seconds) { return wave[static_cast<std::size_t>(seconds * rate)]; };
        CHECK(at(0.05) == doctest::Approx(0.5).epsilon(0.002));
        CHECK(at(0.11) == 1);
        CHECK(at(1.3) == doctest::Approx(0).scale(1).epsilon(0.001));
        CHECK(at(1.61) == -1);
        CHECK(at(2.16) == 0.5f);
    }
}

TEST_CASE("a slew begins where its signal is") {
    Rig rig({{"i", "input", {}}, {"s", "slew", {}}, {"t", "tap", {}}}, {"i -> s", "s -> t"}, {.inputs = 1});
    const auto wave = rig.run(640, {Samples(640, 60.0f)})[0];
    CHECK(wave == Samples(640, 60.0f));
}

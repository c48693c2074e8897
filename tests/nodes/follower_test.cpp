// The follower's levels and times.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>

#include "tests/harness.h"

using namespace legume::test;

namespace {

Rig follower(const std::string& detect, const std::string& attack, const std::string& release, double rate = 48'000,
             int channels = 1) {
    return Rig({{"i", "input", {{"channels", std::to_string(channels)}}},
                {"f", "follower", {{"detect", detect}, {"attack", attack}, {"release", release}}},
                {"t", "tap", {}}},
               {"i -> f", "f -> t"}, {.rate = rate, .inputs = channels});
}

}  // namespace

TEST_CASE("peak reads the tips of a wave and rms its power") {
    const auto tone = sine(1'000, 48'000, 48'000, 0.5f);
    CHECK(follower("peak", "0.1 ms", "1 s").run(48'000, {tone})[0].back() == doctest::Approx(0.5).epsilon(0.02));
    auto rig = follower("rms", "100 ms", "100 ms");
    CHECK(rig.run(48'000, {tone})[0].back() == doctest::Approx(0.5 / std::sqrt(2)).epsilon(0.02));
    CHECK(rig.meter("f", "level").value() == doctest::Approx(0.5 / std::sqrt(2)).epsilon(0.02));
}

TEST_CASE("attack and release are its time constants at any sample rate") {
    for (const double rate : {44'100.0, 96'000.0}) {
        auto rig = follower("peak", "20 ms", "200 ms", rate);
        const auto second = static_cast<std::size_t>(rate);
        const auto wave = rig.run(2 * second, {Samples(second, 1.0f)})[0];
        CHECK(wave[static_cast<std::size_t>(0.02 * rate)] == doctest::Approx(1 - std::exp(-1.0)).epsilon(0.002));
        CHECK(wave[static_cast<std::size_t>(1.2 * rate)] == doctest::Approx(std::exp(-1.0)).epsilon(0.002));
    }
}

TEST_CASE("channels are followed apart") {
    auto rig = follower("rms", "10 ms", "10 ms", 48'000, 2);
    const auto waves = rig.run(9'600, {noise(9'600), Samples(9'600, 0.0f)});
    CHECK(waves[0].back() > 0.3f);
    CHECK(peak(waves[1]) == 0);
}

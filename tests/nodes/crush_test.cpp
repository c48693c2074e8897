// How coarse the steps are, in level and in time.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "tests/harness.h"

using namespace legume::test;

namespace {

Samples crushed(const std::string& bits, const std::string& hertz, const Samples& sound, double rate = 48'000) {
    Rig rig({{"a", "input", {}}, {"c", "crush", {{"bits", bits}, {"rate", hertz}}}, {"t", "tap", {}}}, {"a -> c -> t"},
            {.rate = rate, .inputs = 1});
    return rig.run(sound.size(), {sound})[0];
}

}  // namespace

TEST_CASE("each bit halves the steps, and the error is theirs") {
    const auto sound = noise(48'000, 1, 0.99f);
    const auto three = crushed("3", "192 kHz", sound);
    CHECK(std::set<float>(three.begin(), three.end()).size() == 9);  // from -1 to 1 in quarters
    for (const int bits : {4, 8, 12}) {
        auto error = crushed(std::to_string(bits), "192 kHz", sound);
        for (std::size_t i = 0; i < error.size(); ++i) error[i] -= sound[i];
        const double step = 2.0 / (1 << bits);
        CHECK(rms(error) == doctest::Approx(step / 3.4641).epsilon(0.02));  // of a uniform error
    }
}

TEST_CASE("it steps as often as its rate says, at any rate of the sound") {
    for (const double rate : {44'100.0, 96'000.0}) {
        const auto sound = noise(static_cast<std::size_t>(rate));
        const auto heard = crushed("24", "5 kHz", sound, rate);
        int steps = 0;
        for (std::size_t i = 1; i < sound.size(); ++i) steps += heard[i] != heard[i - 1];
        CHECK(steps == doctest::Approx(5'000).epsilon(0.001));
    }
    const auto fine = noise(4'800);
    const auto heard = crushed("24", "48 kHz", fine);
    for (std::size_t i = 0; i < fine.size(); ++i) REQUIRE(std::abs(heard[i] - fine[i]) < 1.3e-7f);
}

// The colours of noise.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>

#include "tests/harness.h"

using namespace legume::test;

namespace {

Channels play_noise(const std::string& colour, int channels = 1, std::uint64_t seed = 1) {
    Rig rig({{"n", "noise", {{"colour", colour}, {"channels", std::to_string(channels)}}}, {"t", "tap", {}}},
            {"n -> t"}, {.seed = seed});
    return rig.run(262'144);
}

// Decibels between the power in two octaves.
double tilt(const Samples& x, double low, double high) {
    const auto bins = spectrum(x);
    const auto power = [&](double from) {
        double sum = 0;
        const double per_bin = 24'000.0 / static_cast<double>(bins.size() - 1);
        for (auto k = static_cast<std::size_t>(from / per_bin); k < static_cast<std::size_t>(2 * from / per_bin); ++k)
            sum += bins[k] * bins[k];
        return sum;
    };
    return 10 * std::log10(power(high) / power(low));
}

}  // namespace

TEST_CASE("every colour of noise is equally strong") {
    for (const auto* colour : {"white", "pink", "brown"})
        CHECK(decibels(rms(play_noise(colour)[0])) == doctest::Approx(-12.04).epsilon(0.04));
}

TEST_CASE("white rises 3 dB an octave, pink is level and brown falls 3 dB") {
    CHECK(tilt(play_noise("white")[0], 250, 4'000) == doctest::Approx(12).epsilon(0.1));
    CHECK(tilt(play_noise("pink")[0], 250, 4'000) == doctest::Approx(0).epsilon(1));
    CHECK(tilt(play_noise("brown")[0], 250, 4'000) == doctest::Approx(-12).epsilon(0.1));
}

TEST_CASE("the same seed gives the same noise, another seed and another channel another") {
    const auto one = play_noise("white", 2);
    CHECK(one == play_noise("white", 2));
    CHECK(one[0] != one[1]);
    CHECK(one[0] != play_noise("white", 2, 2)[0]);
    double together = 0;
    for (std::size_t i = 0; i < one[0].size(); ++i) together += double{one[0][i]} * one[1][i];
    CHECK(std::abs(together / static_cast<double>(one[0].size())) < 0.01 * rms(one[0]));
}

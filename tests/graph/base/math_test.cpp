// Our elementary functions against libm.
// SPDX-License-Identifier: MIT
#include "graph/base/math.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace legume;

TEST_CASE("our elementary functions agree with libm to 1e-13") {
    for (int i = -4000; i <= 4000; ++i) {
        const double x = i * 0.0137;
        const auto close = [&](double ours, double theirs) {
            CHECK(std::abs(ours - theirs) <= 1e-13 * std::max(1.0, std::abs(theirs)));
        };
        close(math::exp(x / 4), std::exp(x / 4));
        close(math::exp2(x), std::exp2(x));
        close(math::sin(x), std::sin(x));
        close(math::cos(x), std::cos(x));
        close(math::tanh(x / 4), std::tanh(x / 4));
        close(math::sin_turns(x), std::sin(2 * math::pi * (x - std::floor(x))));
        if (x > 0) {
            close(math::log(x), std::log(x));
            close(math::log10(x), std::log10(x));
            close(math::pow(x, 0.37), std::pow(x, 0.37));
        }
        close(math::floor(x), std::floor(x));
        close(math::round_even(x), std::nearbyint(x));
    }
    CHECK(math::tan(0.7) == doctest::Approx(std::tan(0.7)).epsilon(1e-13));
}

TEST_CASE("edges are finite or say so") {
    CHECK(math::exp2(-2000) == 0.0);
    CHECK(std::isfinite(math::exp2(5000)));
    CHECK(std::isnan(math::exp2(std::numeric_limits<double>::quiet_NaN())));
    CHECK(math::log2(0) == -1100.0);
    CHECK(math::log2(-1) == -1100.0);
    CHECK(math::pow(0, 2) == 0.0);
    CHECK(math::pow(0, 0) == 1.0);
    CHECK(math::amplitude(-90) == 0.0);
    CHECK(math::amplitude(-6) == doctest::Approx(0.501187));
    CHECK(math::decibels(0) == -90.0);
    CHECK(math::decibels(1) == 0.0);
    CHECK(math::note_hertz(69) == 440.0);
    CHECK(math::note_hertz(81) == doctest::Approx(880.0));
}

// Holds both quantisers to their definitions.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/checkpoint/quantise.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace legume::samplernn;

namespace {

Config config_of(Quantiser quantiser, int levels) {
    Config config;
    config.quantiser = quantiser;
    config.levels = levels;
    return config;
}

}  // namespace

TEST_CASE("silence is one level in the middle, and comes back as silence") {
    const Levels mu_law(config_of(Quantiser::mu_law, 256));
    CHECK(mu_law.silence() == 128);
    CHECK(std::abs(mu_law.amplitude(128)) < 1e-4f);
    const Levels linear(config_of(Quantiser::linear, 256));
    CHECK(linear.silence() == 128);
    CHECK(linear.amplitude(128) == 0.0f);
}

TEST_CASE("every level comes back as itself") {
    for (const auto quantiser : {Quantiser::mu_law, Quantiser::linear}) {
        for (const int count : {2, 3, 16, 255, 256, 4096}) {
            const Levels levels(config_of(quantiser, count));
            REQUIRE(levels.count() == count);
            for (int x = 0; x < count; ++x) {
                CHECK(levels.level(levels.amplitude(x)) == x);
                if (x > 0) CHECK(levels.amplitude(x) > levels.amplitude(x - 1));
            }
        }
    }
}

TEST_CASE("mu-law follows its formula") {
    const Levels levels(config_of(Quantiser::mu_law, 256));
    for (int i = -1000; i <= 1000; ++i) {
        const float a = static_cast<float>(i) / 1000;
        const double s = std::copysign(std::log1p(255 * std::abs(double(a))) / std::log(256.0), double(a));
        CHECK(levels.level(a) == static_cast<int>((s + 1) / 2 * 255 + 0.5));
    }
    for (int x = 0; x < 256; ++x) {
        const double s = 2.0 * x / 255 - 1;
        const double a = std::copysign((std::pow(256.0, std::abs(s)) - 1) / 255, s);
        CHECK(double(levels.amplitude(x)) == doctest::Approx(a).epsilon(1e-6));
    }
}

TEST_CASE("a quantised sine is the sine, within half a step or one") {
    const Levels linear(config_of(Quantiser::linear, 256)), mu_law(config_of(Quantiser::mu_law, 256));
    for (int i = 0; i < 1000; ++i) {
        const double a = 0.8 * std::sin(i * 0.1);
        CHECK(std::abs(double(linear.amplitude(linear.level(float(a)))) - a) <= 1.0 / 128);
        CHECK(std::abs(double(mu_law.amplitude(mu_law.level(float(a)))) - a) <= 0.022 * std::abs(a) + 1e-4);
    }
}

TEST_CASE("what is too loud is held at the loudest level, and what is no number is silence") {
    for (const auto quantiser : {Quantiser::mu_law, Quantiser::linear}) {
        const Levels levels(config_of(quantiser, 256));
        CHECK(levels.level(1.0f) == 255);
        CHECK(levels.level(1e30f) == 255);
        CHECK(levels.level(INFINITY) == 255);
        CHECK(levels.level(-1.0f) == 0);
        CHECK(levels.level(-INFINITY) == 0);
        CHECK(levels.level(NAN) == levels.silence());
    }
}

TEST_CASE("frame tiers hear levels on the scale of their config") {
    Config config = config_of(Quantiser::mu_law, 256);
    const Levels theano(config);
    CHECK(theano.input(0) == -2.0f);
    CHECK(theano.input(128) == 0.0f);
    CHECK(theano.input(255) == doctest::Approx(1.984375));
    config.frame_scale = FrameScale::unisound;
    const Levels unisound(config);
    CHECK(unisound.input(0) == -2.0f);
    CHECK(unisound.input(255) == doctest::Approx(-1.00390625));
}

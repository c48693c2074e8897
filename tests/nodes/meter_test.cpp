// The meter beside the figures of EBU Tech 3341.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>

#include "tests/harness.h"

using namespace legume::test;

namespace {

Rig rig_of(int channels, double rate = 48'000) {
    return Rig({{"i", "input", {{"channels", std::to_string(channels)}}}, {"m", "meter", {}}, {"t", "tap", {}}},
               {"i -> m -> t"}, {.rate = rate, .inputs = channels});
}
// A stereo sine of 1 kHz at so many dBFS.
Channels tone(double db, double seconds, double rate = 48'000) {
    const auto one =
        sine(1'000, rate, static_cast<std::size_t>(seconds * rate), static_cast<float>(std::pow(10, db / 20)));
    return {one, one};
}
void play(Rig& rig, const Channels& sound) { rig.run(sound[0].size(), sound); }
auto about(double lufs) { return doctest::Approx(lufs).epsilon(0.1 / std::abs(lufs)); }

}  // namespace

TEST_CASE("a tone of -23 dBFS on both channels is -23 LUFS by every measure and at any sample rate") {
    for (const double rate : {44'100.0, 48'000.0, 96'000.0}) {
        CAPTURE(rate);
        auto rig = rig_of(2, rate);
        play(rig, tone(-23, 20, rate));
        for (const auto* name : {"momentary", "short_term", "integrated"}) {
            CAPTURE(name);
            CHECK(static_cast<double>(rig.meter("m", name).value()) == about(-23));
        }
        CHECK(static_cast<double>(rig.meter("m", "true_peak").value()) == about(-23));
        CHECK(static_cast<double>(rig.meter("m", "peak").value()) == about(-23));
        CHECK(static_cast<double>(rig.meter("m", "rms").value()) == about(-26));
    }
}

TEST_CASE("integrated leaves out the pauses, short-term and momentary do not") {
    auto rig = rig_of(2);
    play(rig, tone(-36, 10));  // EBU Tech 3341, case 3
    play(rig, tone(-23, 60));
    play(rig, tone(-36, 10));
    CHECK(static_cast<double>(rig.meter("m", "integrated").value()) == about(-23));
    CHECK(static_cast<double>(rig.meter("m", "short_term").value()) == about(-36));
    play(rig, tone(-60, 0.5));
    CHECK(static_cast<double>(rig.meter("m", "momentary").value()) == about(-60));
}

TEST_CASE("a restart forgets what was loud, from its block on") {
    auto rig = rig_of(2);
    play(rig, tone(-6, 5));
    CHECK(static_cast<double>(rig.meter("m", "true_peak").value()) == about(-6));
    rig.fire("m", "restart");
    play(rig, tone(-30, 5));
    CHECK(static_cast<double>(rig.meter("m", "integrated").value()) == about(-30));
    CHECK(rig.meter("m", "true_peak").value() < -29);
}

TEST_CASE("a peak between samples is seen") {
    auto rig = rig_of(1);
    Samples x(48'000);  // a quarter of the rate, an eighth of a turn off: no sample comes higher than -3 dB
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = (i % 4 < 2 ? 0.70711f : -0.70711f);
    rig.run(x.size(), {x});
    CHECK(rig.meter("m", "peak").value() == doctest::Approx(-3.01).epsilon(0.02));
    CHECK(rig.meter("m", "true_peak").value() > -0.6);
}

TEST_CASE("sound passes as it is, on all its channels, and silence is -90") {
    auto rig = rig_of(2);
    for (const auto* name : {"momentary", "short_term", "integrated", "true_peak"})
        CHECK(rig.meter("m", name).value() == -90);
    const Channels sound{noise(6'400, 1), noise(6'400, 2)};
    CHECK(rig.run(6'400, sound) == sound);
    auto quiet = rig_of(1);
    quiet.run(48'000);
    for (const auto* name : {"peak", "rms", "momentary", "integrated", "true_peak"})
        CHECK(quiet.meter("m", name).value() == -90);
}

// When the gate opens and closes, how fast, and how far.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>

#include "tests/harness.h"

using namespace legume::test;

namespace {

Samples steps(std::initializer_list<std::pair<float, std::size_t>> levels) {  // a square wave at 1 kHz of 48
    Samples x;
    for (const auto& [level, frames] : levels)
        for (std::size_t i = 0; i < frames; ++i) x.push_back(i / 24 % 2 ? -level : level);
    return x;
}

}  // namespace

TEST_CASE("the gate opens at its threshold and closes only below threshold less hysteresis") {
    Rig rig({{"a", "input", {}},
             {"g", "gate", {{"threshold", "-20 dB"}, {"hysteresis", "6 dB"}, {"hold", "0 s"}, {"release", "1 ms"}}},
             {"t", "tap", {}}},
            {"a -> g -> t"}, {.inputs = 1});
    const auto sound = steps({{0.09f, 9'600}, {0.11f, 9'600}, {0.06f, 9'600}, {0.04f, 9'600}});
    const auto heard = rig.run(sound.size(), {sound})[0];
    CHECK(peak(part(heard, 0, 9'600)) == 0);
    CHECK(peak(part(heard, 10'000, 9'000)) == doctest::Approx(0.11).epsilon(1e-4));
    CHECK(peak(part(heard, 24'000, 4'800)) == doctest::Approx(0.06).epsilon(1e-4));
    CHECK(peak(part(heard, 33'600, 4'800)) == 0);
}

TEST_CASE("attack, hold and release last as long as they say, at any rate") {
    for (const double rate : {44'100.0, 96'000.0}) {
        Rig rig({{"a", "input", {{"channels", "2"}}},
                 {"g", "gate", {{"attack", "20 ms"}, {"hold", "0.1 s"}, {"release", "0.2 s"}}},
                 {"t", "tap", {}}},
                {"a -> g -> t"}, {.rate = rate, .inputs = 2});
        const auto at = [&](double seconds) { return static_cast<std::size_t>(seconds * rate); };
        Samples key(at(1.5), 0.0f);
        for (std::size_t i = 0; i < at(0.5); ++i) key[i] = 0.0201f;
        const auto heard = rig.run(key.size(), {Samples(key.size(), 0x1p-10f), key})[0];
        CHECK(heard[at(0.01)] == doctest::Approx(0x1p-11).epsilon(0.01));
        CHECK(heard[at(0.021)] == 0x1p-10f);
        // The key's peak falls by 60 dB in 0.1 s: by 12 dB, to half the threshold, in 20 ms.
        const double closes = 0.5 + 0.1 * (20 * std::log10(0.0201 / 0.005011872)) / 60 + 0.1;
        CHECK(heard[at(closes - 0.001)] == 0x1p-10f);
        CHECK(heard[at(closes + 0.1)] == doctest::Approx(0x1p-11).epsilon(0.02));
        CHECK(heard[at(closes + 0.202)] == 0);
    }
}

TEST_CASE("closed, the gate leaves the sound at its floor, the same on all channels") {
    Rig rig({{"a", "input", {{"channels", "2"}}}, {"g", "gate", {{"floor", "-12 dB"}}}, {"t", "tap", {}}},
            {"a -> g -> t"}, {.inputs = 2});
    const Channels sound{noise(4'800, 1, 0.001f), noise(4'800, 2, 0.001f)};
    const auto soft = rig.run(4'800, sound);
    CHECK(decibels(rms(soft[0]) / rms(sound[0])) == doctest::Approx(-12).epsilon(0.01));
    rig.run(4'800, {noise(4'800), sound[1]});
    CHECK(rms(rig.run(960, {noise(960), part(sound[1], 0, 960)})[1]) ==
          doctest::Approx(rms(part(sound[1], 0, 960))).epsilon(0.001));
}

TEST_CASE("a key opens the gate in place of the sound") {
    Rig rig({{"a", "input", {}}, {"n", "noise", {}}, {"g", "gate", {}}, {"t", "tap", {}}},
            {"a -> g -> t", "n -> g.key"}, {.inputs = 1});
    rig.run(4'800);
    CHECK(rig.run(64, {Samples(64, 1e-4f)})[0] == Samples(64, 1e-4f));
}

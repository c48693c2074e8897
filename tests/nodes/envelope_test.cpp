// The envelope's times, its curve, its gates, and that it never jumps.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>

#include "tests/harness.h"

using namespace legume::test;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

const Settings plain{{"attack", "100 ms"}, {"decay", "200 ms"}, {"sustain", "0.5"}, {"release", "300 ms"}};

Rig envelope(Settings settings, double rate = 48'000, int channels = 1) {
    return Rig(
        {{"g", "input", {{"channels", std::to_string(channels)}}}, {"e", "envelope", settings}, {"t", "tap", {}}},
        {"g -> e.gate", "e -> t"}, {.rate = rate, .inputs = channels});
}

}  // namespace

TEST_CASE("each stage lasts its time, at any curve and sample rate") {
    for (const double rate : {44'100.0, 96'000.0})
        for (const double curve : {-1.0, 0.0, 0.5, 1.0}) {
            CAPTURE(curve);
            auto settings = plain;
            settings.emplace_back("curve", std::to_string(curve));
            auto rig = envelope(settings, rate);
            const auto at = [&](double seconds) { return static_cast<std::size_t>(seconds * rate); };
            const Samples held(at(0.5), 1.0f);
            const auto wave = rig.run(at(1), {held})[0];
            CHECK(wave[at(0.099)] < 1);
            CHECK(wave[at(0.1) + 2] == doctest::Approx(1).epsilon(0.002));
            CHECK(wave[at(0.299)] > 0.5f);
            CHECK(wave[at(0.3) + 4] == doctest::Approx(0.5).epsilon(0.002));
            CHECK(wave[at(0.49)] == doctest::Approx(0.5));
            CHECK(wave[at(0.799)] > 0);
            CHECK(wave[at(0.8) + 4] == 0);
            // Halfway through the attack: (1 - e^(-k/2)) / (1 - e^-k) = 1 / (1 + e^(-k/2)).
            CHECK(wave[at(0.05)] == doctest::Approx(1 / (1 + std::exp(-3 * curve))).epsilon(0.01));
        }
}

TEST_CASE("each channel has a gate of its own") {
    auto rig = envelope(plain, 48'000, 2);
    const auto waves = rig.run(48'000, {Samples(24'000, 1.0f), Samples(24'000, 0.0f)});
    CHECK(peak(waves[0]) == 1);
    CHECK(peak(waves[1]) == 0);
}

TEST_CASE("a strike rises and falls away once, and a gate holds it") {
    auto rig = envelope(plain);
    rig.fire("e", "strike");
    const auto wave = rig.run(48'000)[0];
    CHECK(wave[4'802] > 0.99f);
    CHECK(wave[14'500] < 0.5f);
    CHECK(wave[14'500] > 0.4f);
    CHECK(wave[29'000] == 0);
    CHECK(peak(part(wave, 29'000, 19'000)) == 0);
}

TEST_CASE("a gate that closes in the attack falls from where it is, and one that comes back rises from there") {
    auto rig = envelope(plain);
    Samples gate(48'000, 0.0f);
    std::fill(gate.begin(), gate.begin() + 2'400, 1.0f);
    std::fill(gate.begin() + 4'800, gate.begin() + 9'600, 1.0f);
    const auto wave = rig.run(gate.size(), {gate})[0];
    CHECK(wave[2'399] < 0.9f);
    CHECK(wave[4'799] < wave[2'399]);
    CHECK(largest_step(wave) < 0.002);
}

TEST_CASE("nothing that is moved while it runs makes it jump") {
    for (const auto* param : {"attack", "decay", "sustain", "release", "curve"}) {
        CAPTURE(param);
        auto rig = envelope({{"attack", "100 ms"}, {"decay", "300 ms"}, {"release", "300 ms"}});
        const Samples gate(9'600, 1.0f);
        rig.run(1'920, {gate});
        for (const auto& [low, high] : {std::pair{0.02f, 0.9f}, {0.9f, 0.02f}}) {
            rig.set("e", param, low);
            CHECK(largest_step(rig.run(2'560, {gate})[0]) < 0.01);
            rig.set("e", param, high);
            CHECK(largest_step(rig.run(2'560, {gate})[0]) < 0.01);
            CHECK(largest_step(rig.run(2'560)[0]) < 0.01);
        }
    }
}

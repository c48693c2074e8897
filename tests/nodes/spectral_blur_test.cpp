// How long the blur's sounds linger, and how far they leak.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/harness.h"

using namespace legume::test;

namespace {

Rig rig_of(const std::string& time, const std::string& spread = "0", double rate = 48'000, int inputs = 1) {
    return Rig({{"i", "input", {{"channels", std::to_string(inputs)}}},
                {"b", "spectral-blur", {{"time", time}, {"spread", spread}}},
                {"t", "tap", {}}},
               {"i -> b -> t"}, {.rate = rate, .inputs = inputs});
}

}  // namespace

TEST_CASE("with no time and no spread the sound passes as it is, as late as is declared") {
    auto rig = rig_of("1 ms");
    const auto late = static_cast<std::size_t>(rig.node("b").latency_frames());
    const auto sound = noise(48'000);
    const auto heard = rig.run(48'000, {sound})[0];
    double worst = 0;
    for (std::size_t i = late; i < heard.size(); ++i)
        worst = std::max(worst, std::abs(static_cast<double>(heard[i] - sound[i - late])));
    CHECK(worst < 1e-3);
}

TEST_CASE("a tone lingers by its time, at its pitch, at any sample rate") {
    for (const double rate : {44'100.0, 96'000.0}) {
        CAPTURE(rate);
        const auto second = static_cast<std::size_t>(rate);
        auto rig = rig_of("2 s", "0", rate);
        rig.run(12 * second, {sine(440, rate, 12 * second, 0.5f)});
        const auto tail = rig.run(4 * second)[0];
        const auto early = part(tail, second, second / 2), late = part(tail, 3 * second, second / 2);
        CHECK(decibels(rms(late) / rms(early)) == doctest::Approx(-8.686).epsilon(0.05));  // 1 / e in 2 s
        CHECK(loudest_hertz(late, rate) == doctest::Approx(440).epsilon(0.005));
    }
}

TEST_CASE("a burst is smeared into a cloud that comes slowly") {
    auto rig = rig_of("1 s");
    const auto heard = rig.run(96'000, {noise(2'400)})[0];
    CHECK(peak(heard) < 0.3);
    CHECK(rms(part(heard, 48'000, 24'000)) > 0.001);
}

TEST_CASE("spread turns a tone into a band around it, as strong as it was") {
    auto rig = rig_of("1 ms", "500");
    rig.run(48'000, {sine(3'000, 48'000, 48'000, 0.5f)});
    const auto heard = rig.run(48'000, {sine(3'000, 48'000, 48'000, 0.5f)})[0];
    CHECK(amplitude_at(heard, 48'000, 3'000) < 0.2);
    CHECK(rms(heard) > 0.1);
    const auto bins = spectrum(part(heard, 0, 32'768));
    double inside = 0, outside = 0;
    for (std::size_t k = 0; k < bins.size(); ++k) {
        const double hertz = static_cast<double>(k) * 48'000 / 32'768;
        (std::abs(hertz - 3'000) < 600 ? inside : outside) += bins[k] * bins[k];
    }
    CHECK(inside > 100 * outside);
}

TEST_CASE("turning time and spread does not click, and channels keep apart") {
    auto rig = rig_of("1 s", "0", 48'000, 2);
    const auto tone = sine(200, 48'000, 24'000, 0.5f);
    rig.run(24'000, {tone, {}});
    for (const float end : {1.0f, 0.0f, 1.0f, 0.0f}) {
        rig.set("b", "time", end > 0 ? 30.0f : 0.001f);
        rig.set("b", "spread", 100 * end);
        const auto heard = rig.run(24'000, {tone, {}});
        CHECK(largest_step(heard[0]) < 4 * largest_step(tone));
        CHECK(peak(heard[1]) == 0);
    }
}

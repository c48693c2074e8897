// Both ends of the morph, and what lies between.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/harness.h"

using namespace legume::test;

namespace {

// From what the device hears, at a, to an oscillator of 1500 Hz at b.
Rig rig_of(const std::string& position, const std::string& phases = "a", double rate = 48'000) {
    return Rig({{"i", "input", {}},
                {"o", "oscillator", {{"frequency", "1500"}, {"gain", "-6.0206 dB"}}},
                {"m", "morph-spectral", {{"position", position}, {"phases", phases}}},
                {"t", "tap", {}}},
               {"i -> m.a", "o -> m.b", "m -> t"}, {.rate = rate, .inputs = 1});
}

}  // namespace

TEST_CASE("at either end a sound that lends its phases passes as it is, as late as is declared") {
    for (const double rate : {44'100.0, 96'000.0}) {
        auto rig = rig_of("0", "a", rate);
        const auto late = static_cast<std::size_t>(rig.node("m").latency_frames());
        const auto sound = noise(48'000);
        const auto heard = rig.run(48'000, {sound})[0];
        double worst = 0;
        for (std::size_t i = late; i < heard.size(); ++i)
            worst = std::max(worst, std::abs(static_cast<double>(heard[i] - sound[i - late])));
        CHECK(worst < 1e-5);
    }
    auto rig = rig_of("1", "b");
    const auto heard = part(rig.run(48'000, {noise(48'000)})[0], 24'000, 24'000);
    CHECK(amplitude_at(heard, 48'000, 1'500) == doctest::Approx(0.5).epsilon(0.01));
    CHECK(rms(heard) == doctest::Approx(0.3536).epsilon(0.01));
}

TEST_CASE("half way each frequency is half as loud as in the sound that has it") {
    auto rig = rig_of("0.5");
    const auto heard = part(rig.run(48'000, {sine(500, 48'000, 48'000, 0.5f)})[0], 24'000, 24'000);
    CHECK(amplitude_at(heard, 48'000, 500) == doctest::Approx(0.25).epsilon(0.02));
    CHECK(amplitude_at(heard, 48'000, 1'500) == doctest::Approx(0.25).epsilon(0.15));  // on the phases of a's skirts
}

TEST_CASE("the other sound gives its colour to the one whose phases are kept") {
    auto rig = rig_of("1", "a");
    const auto heard = part(rig.run(96'000, {noise(96'000)})[0], 30'000, 65'536);
    CHECK(centroid(heard, 48'000) == doctest::Approx(1'500).epsilon(0.05));  // noise around the tone
    CHECK(rms(heard) > 0.1);
}

TEST_CASE("going from one to the other does not click") {
    auto rig = rig_of("0");
    const auto tone = sine(200, 48'000, 24'000, 0.5f);
    rig.run(24'000, {tone});
    for (const float end : {1.0f, 0.0f, 1.0f}) {
        rig.set("m", "position", end);
        CHECK(largest_step(rig.run(24'000, {tone})[0]) < 0.15);  // the oscillator's own steps are 0.098
    }
}

TEST_CASE("channels keep apart") {
    Rig rig({{"i", "input", {{"channels", "2"}}}, {"m", "morph-spectral", {}}, {"t", "tap", {}}},
            {"i -> m.a", "i -> m.b", "m -> t"}, {.inputs = 2});
    const auto heard = rig.run(24'000, {noise(24'000), {}});
    CHECK(rms(heard[0]) > 0.1);
    CHECK(peak(heard[1]) == 0);
}

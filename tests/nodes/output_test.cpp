// What the output does for the people in front of the loudspeakers.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "tests/harness.h"

using namespace legume::test;

namespace {

constexpr double ceiling = 0.8912510;  // -1 dBFS

std::unique_ptr<Rig> out(const std::vector<std::pair<std::string, std::string>>& settings, int device = 2,
                         const std::string& channels = "1") {
    return std::make_unique<Rig>(
        std::vector<NodeText>{{"a", "input", {{"channels", channels}}}, {"o", "output", settings}},
        std::vector<std::string>{"a -> o"}, Rig::Setup{.inputs = 16, .outputs = device});
}

}  // namespace

TEST_CASE("output never plays above -1 dBFS") {
    for (const float loud : {1.0f, 4.0f, 1000.0f, 3e38f}) {
        const auto rig = out({{"gain", "24 dB"}});
        rig->run(48'000, {noise(48'000, 1, loud)});
        const auto heard = rig->run(48'000, {noise(48'000, 2, loud)});
        CHECK(finite(heard));
        CHECK(peak(heard[0]) <= ceiling);
        CHECK(rms(heard[0]) > 0.1 * ceiling);
    }
}

TEST_CASE("after a blow that overflows everything, output plays on") {
    const auto rig = out({{"gain", "24 dB"}});
    Samples blow(64, 3.4e38f);
    for (std::size_t i = 0; i < blow.size(); i += 2) blow[i] = -3.4e38f;
    CHECK(finite(rig->run(64, {blow})));
    rig->set("o", "gain", 0);
    rig->run(96'000, {sine(440, 48'000, 96'000, 0.5f)});
    CHECK(peak(rig->run(4'800, {sine(440, 48'000, 4'800, 0.5f)})[0]) == doctest::Approx(0.5).epsilon(0.02));
}

TEST_CASE("several outputs together stay below -1 dBFS as well") {
    Rig rig({{"a", "input", {}}, {"o", "output", {}}, {"p", "output", {}}}, {"a -> o", "a -> p"}, {.inputs = 1});
    rig.run(48'000, {noise(48'000)});
    CHECK(peak(rig.run(48'000, {noise(48'000)})[0]) <= ceiling);
}

TEST_CASE("only an option takes the ceiling away") {
    const auto rig = out({{"ceiling", "false"}});
    rig->run(48'000, {});
    CHECK(peak(rig->run(48'000, {sine(440, 48'000, 48'000, 2)})[0]) == doctest::Approx(2).epsilon(0.01));
}

TEST_CASE("sound below the ceiling passes as it is") {
    const auto rig = out({});
    const auto tone = sine(1'000, 48'000, 96'000, 0.8f);
    rig->run(48'000, {tone});
    const auto heard = rig->run(48'000, {tone});
    CHECK(amplitude_at(heard[0], 48'000, 1'000) == doctest::Approx(0.8).epsilon(0.001));
    CHECK(amplitude_at(heard[0], 48'000, 3'000) < 1e-4);
    CHECK(heard[0] == heard[1]);
}

TEST_CASE("the limiter lets go within a second") {
    const auto rig = out({});
    rig->run(48'000, {});
    rig->run(4'800, {sine(440, 48'000, 4'800, 8)});
    const auto quiet = rig->run(96'000, {sine(440, 48'000, 96'000, 0.25f)})[0];
    CHECK(amplitude_at(part(quiet, 0, 960), 48'000, 440) < 0.1);
    CHECK(amplitude_at(part(quiet, 48'000, 48'000), 48'000, 440) == doctest::Approx(0.25).epsilon(0.01));
}

TEST_CASE("output takes a constant away") {
    const auto rig = out({});
    const Samples constant(192'000, 0.5f);
    const auto heard = rig->run(192'000, {constant})[0];
    CHECK(peak(part(heard, 144'000, 48'000)) < 1e-3);
}

TEST_CASE("the first second fades in, and never again") {
    const auto rig = out({});
    const auto tone = sine(480, 48'000, 48'000, 0.5f);  // whole periods: it goes on without a seam
    const auto first = rig->run(48'000, {tone})[0];
    CHECK(first[0] == 0);
    CHECK(rms(part(first, 0, 4'800)) < 0.03 * rms(tone));
    CHECK(rms(part(first, 21'600, 4'800)) == doctest::Approx(0.5 * rms(tone)).epsilon(0.05));
    CHECK(rms(part(first, 43'200, 4'800)) > 0.95 * rms(tone));
    rig->node("o").reset();
    CHECK(rms(rig->run(4'800, {tone})[0]) == doctest::Approx(rms(tone)).epsilon(0.01));
}

TEST_CASE("muting the output is silent and does not click") {
    const auto rig = out({});
    const auto tone = sine(100, 48'000, 48'000, 0.5f);
    rig->run(48'000, {tone});
    rig->set("o", "mute", 1);
    const auto heard = rig->run(9'600, {tone})[0];
    CHECK(largest_step(heard) < largest_step(tone) + 0.002);
    CHECK(peak(part(heard, 1'200, 8'400)) == 0);
}

TEST_CASE("a device with one channel hears both sides, one with more keeps its others silent") {
    const auto left = sine(480, 48'000, 48'000, 0.4f), right = sine(960, 48'000, 48'000, 0.4f);
    const auto mono = out({}, 1, "2");
    mono->run(48'000, {left, right});
    const auto folded = mono->run(48'000, {left, right})[0];
    CHECK(amplitude_at(folded, 48'000, 480) == doctest::Approx(0.2).epsilon(0.01));
    CHECK(amplitude_at(folded, 48'000, 960) == doctest::Approx(0.2).epsilon(0.01));
    const auto four = out({}, 4, "2");
    four->run(48'000, {left, right});
    const auto wide = four->run(48'000, {left, right});
    CHECK(rms(wide[0]) > 0.2);
    CHECK(amplitude_at(wide[1], 48'000, 480) < 0.001);
    CHECK(peak(wide[2]) == 0);
    CHECK(peak(wide[3]) == 0);
}

TEST_CASE("output's meters read what is played") {
    const auto rig = out({});
    rig->run(48'000, {});
    rig->run(144'000, {sine(440, 48'000, 144'000, 0.5f)});
    CHECK(rig->meter("o", "level").value() == doctest::Approx(-6.02).epsilon(0.02));
    CHECK(rig->meter("o", "rms").value() == doctest::Approx(-9.03).epsilon(0.02));
    rig->run(48'000, {});
    CHECK(rig->meter("o", "level").value() < -24);
    rig->run(192'000, {sine(440, 48'000, 192'000, 0.001f)});
    CHECK(rig->meter("o", "rms").value() == doctest::Approx(-63.01).epsilon(0.002));
}

// Who hears the cue: the second pair of outputs, and never the audience.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/harness.h"

using namespace legume::test;

namespace {

Rig rig_of(int outputs, int channels = 2, const std::string& first = "3") {
    return Rig({{"i", "input", {{"channels", std::to_string(channels)}}}, {"c", "cue", {{"first", first}}}}, {"i -> c"},
               {.inputs = channels, .outputs = outputs});
}

}  // namespace

TEST_CASE("the cue plays on its own pair of outputs alone, each side on its own") {
    const auto left = noise(6'400, 1, 0.5f), right = noise(6'400, 2, 0.5f);
    const auto heard = rig_of(6).run(6'400, {left, right});
    CHECK(heard[2] == left);
    CHECK(heard[3] == right);
    for (const std::size_t other : {0u, 1u, 4u, 5u}) CHECK(peak(heard[other]) == 0);
    const auto fifth = rig_of(6, 1, "5").run(6'400, {left});
    CHECK(fifth[4] == left);
    CHECK(fifth[5] == left);  // mono in both ears
}

TEST_CASE("on a device without those outputs the audience does not hear it, and the player is told once") {
    auto rig = rig_of(2);
    for (const auto& channel : rig.run(48'000, {noise(48'000), noise(48'000)})) CHECK(peak(channel) == 0);
    REQUIRE(rig.told.size() == 1);
    CHECK(rig.told[0].find("c: the device has 2 outputs; this cue needs 3 and 4, and is silent") == 0);
}

TEST_CASE("four channels are folded to two ears, and nothing is louder than -1 dBFS") {
    const Samples half(640, 0.5f), nothing(640, 0.0f);
    const auto heard = rig_of(4, 4).run(640, {half, nothing, half, nothing});
    CHECK(heard[2][639] == doctest::Approx(0.5));
    CHECK(heard[3][639] == 0);
    const auto loud = rig_of(4).run(640, {Samples(640, 7.0f), Samples(640, -7.0f)});
    CHECK(peak(loud[2]) == doctest::Approx(0.8913).epsilon(0.001));
    CHECK(peak(loud[3]) == doctest::Approx(0.8913).epsilon(0.001));
}

TEST_CASE("two cues meet on one pair, and turning one on and off does not click") {
    Rig rig({{"i", "input", {}}, {"c", "cue", {}}, {"d", "cue", {{"gain", "-6.0206 dB"}}}}, {"i -> c", "i -> d"},
            {.inputs = 1, .outputs = 4});
    const auto tone = sine(200, 48'000, 4'800, 0.2f);
    CHECK(peak(rig.run(4'800, {tone})[2]) == doctest::Approx(0.3).epsilon(0.01));
    rig.set("c", "on", 0);
    const auto off = rig.run(4'800, {tone})[2];
    CHECK(largest_step(off) < 2 * 0.3 / 0.2 * largest_step(tone));
    CHECK(peak(part(off, 2'400, 2'400)) == doctest::Approx(0.1).epsilon(0.01));
}

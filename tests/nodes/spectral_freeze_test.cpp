// What the freeze holds, and that it lets everything through while it is off.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/harness.h"

using namespace legume::test;

namespace {

Rig rig_of(const std::string& window = "medium", double rate = 48'000, int inputs = 1) {
    return Rig({{"i", "input", {{"channels", std::to_string(inputs)}}},
                {"f", "spectral-freeze", {{"window", window}}},
                {"t", "tap", {}}},
               {"i -> f -> t"}, {.rate = rate, .inputs = inputs});
}

}  // namespace

TEST_CASE("while it is off the sound passes as it is, as late as is declared, at any rate and window") {
    for (const double rate : {44'100.0, 96'000.0, 192'000.0}) {
        for (const auto* window : {"short", "medium", "long"}) {
            auto rig = rig_of(window, rate);
            const auto late = static_cast<std::size_t>(rig.node("f").latency_frames());
            CHECK(static_cast<double>(late) < 0.2 * rate);
            const auto sound = noise(96'000);
            const auto heard = rig.run(96'000, {sound})[0];
            double worst = 0;
            for (std::size_t i = late; i < heard.size(); ++i)
                worst = std::max(worst, std::abs(static_cast<double>(heard[i] - sound[i - late])));
            CHECK(worst < 1e-5);
            CHECK(peak(part(heard, 0, late)) < 1e-6);
        }
    }
}

TEST_CASE("a frozen tone goes on for ever, in tune and as loud, after its sound has ended") {
    auto rig = rig_of();
    const auto tone = sine(443, 48'000, 48'000, 0.5f);
    const auto before = rig.run(48'000, {tone})[0];
    rig.set("f", "freeze", 1);
    const auto turn = rig.run(9'600, {sine(443, 48'000, 9'600, 0.5f)})[0];  // 443 Hz come round after a second
    const auto held = rig.run(20 * 48'000)[0];
    const auto late = part(held, 19 * 48'000, 48'000);
    CHECK(loudest_hertz(late, 48'000) == doctest::Approx(443).epsilon(0.001));
    CHECK(rms(late) == doctest::Approx(0.3536).epsilon(0.05));
    CHECK(largest_step(turn) < 2 * largest_step(tone));
    CHECK(largest_step(held) < 2 * largest_step(tone));
    rig.set("f", "freeze", 0);
    const auto after = rig.run(9'600)[0];
    CHECK(largest_step(after) < 2 * largest_step(tone));
    CHECK(peak(part(after, 4'800, 4'800)) == 0);
}

TEST_CASE("a grab holds the moment that is heard now") {
    auto rig = rig_of();
    rig.run(24'000, {sine(500, 48'000, 24'000, 0.5f)});
    rig.set("f", "freeze", 1);
    rig.run(24'000, {sine(1'500, 48'000, 24'000, 0.5f)});
    CHECK(loudest_hertz(rig.run(16'384, {sine(1'500, 48'000, 24'000, 0.5f)})[0], 48'000) ==
          doctest::Approx(500).epsilon(0.01));
    rig.fire("f", "grab");
    rig.run(4'800, {sine(1'500, 48'000, 4'800, 0.5f)});
    CHECK(loudest_hertz(rig.run(16'384)[0], 48'000) == doctest::Approx(1'500).epsilon(0.01));
}

TEST_CASE("channels freeze apart") {
    auto rig = rig_of("medium", 48'000, 2);
    rig.run(24'000, {noise(24'000), {}});
    rig.set("f", "freeze", 1);
    const auto heard = rig.run(48'000);
    CHECK(rms(heard[0]) > 0.1);
    CHECK(peak(heard[1]) == 0);
}

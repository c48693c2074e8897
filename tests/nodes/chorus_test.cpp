// How many voices, how far they stray, and how loud they are together.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/harness.h"

using namespace legume::test;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

Rig rig_of(const Settings& settings, double rate = 48'000) {
    return Rig({{"a", "input", {}}, {"c", "chorus", settings}, {"t", "tap", {}}}, {"a -> c -> t"},
               {.rate = rate, .inputs = 1});
}

}  // namespace

TEST_CASE("each voice is an echo of its own, within the depth, at any rate") {
    for (const double rate : {48'000.0, 96'000.0}) {
        auto rig = rig_of({{"voices", "4"}, {"depth", "20 ms"}, {"mix", "1"}, {"rate", "0.01 Hz"}}, rate);
        Samples click(9'600, 0.0f);
        click[0] = 1;
        const auto heard = rig.run(9'600, {click})[0];
        std::vector<double> seconds;
        for (std::size_t i = 0; i < heard.size(); ++i)
            if (heard[i] > 0.2f) seconds.push_back(static_cast<double>(i) / rate);
        REQUIRE(seconds.size() >= 3);  // two of the four stand in the middle together
        CHECK(seconds.front() == doctest::Approx(0.006).epsilon(0.01));
        CHECK(seconds.back() == doctest::Approx(0.026).epsilon(0.01));
    }
}

TEST_CASE("the voices are together as loud as the sound, differ from side to side, and at mix 0 there are none") {
    const auto sound = noise(96'000);
    auto rig = rig_of({{"voices", "8"}, {"mix", "1"}, {"depth", "20 ms"}});
    const auto heard = rig.run(96'000, {sound});
    CHECK(decibels(rms(heard[0]) / rms(sound)) > -1.5);  // reading between samples takes some off the very top
    CHECK(decibels(rms(heard[0]) / rms(sound)) < 0.5);
    Samples apart = heard[0];
    for (std::size_t i = 0; i < apart.size(); ++i) apart[i] -= heard[1][i];
    CHECK(rms(apart) > 0.5 * rms(sound));
    auto dry = rig_of({{"mix", "0"}});
    CHECK(dry.run(96'000, {sound})[1] == sound);
}

TEST_CASE("turning its params from end to end does not click") {
    const auto tone = sine(100, 48'000, 48'000, 0.5f);
    for (const auto& [param, to] : {std::pair{"rate", 10.0f}, {"depth", 0.02f}, {"mix", 1.0f}}) {
        const char* knob = param;
        CAPTURE(knob);
        auto rig = rig_of({{"mix", "0.2"}, {"depth", "0.001"}});
        rig.run(48'000, {tone});
        rig.set("c", param, to);
        CHECK(largest_step(rig.run(48'000, {tone})[0]) < 3 * largest_step(tone));
    }
}

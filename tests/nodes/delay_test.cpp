// The delay's time, its echoes, and the loops it may close.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "tests/harness.h"

using namespace legume::test;

namespace {

Samples impulse(std::size_t frames) {
    Samples x(frames, 0.0f);
    x[0] = 1;
    return x;
}

}  // namespace

TEST_CASE("an echo comes at its time, to the frame") {
    for (const auto& [text, frame] : {std::pair{"0.1 s", 4'800}, {"0.25 s", 12'000}, {"10 ms", 480}, {"0.002 s", 96}}) {
        Rig rig({{"a", "input", {}}, {"d", "delay", {{"time", text}, {"feedback", "0"}}}, {"t", "tap", {}}},
                {"a -> d -> t"}, {.inputs = 1});
        const auto heard = rig.run(24'000, {impulse(24'000)})[0];
        const auto at = std::max_element(heard.begin(), heard.end()) - heard.begin();
        CHECK(at == frame);
        CHECK(heard[static_cast<std::size_t>(frame)] == doctest::Approx(1).epsilon(0.001));
        CHECK(rms(heard) * rms(heard) * static_cast<double>(heard.size()) == doctest::Approx(1).epsilon(0.01));
    }
}

TEST_CASE("each echo is as loud as feedback says") {
    Rig rig({{"a", "input", {}}, {"d", "delay", {{"time", "0.1 s"}, {"feedback", "0.5"}}}, {"t", "tap", {}}},
            {"a -> d -> t"}, {.inputs = 1});
    const auto heard = rig.run(24'000, {impulse(24'000)})[0];
    CHECK(heard[4'800] == doctest::Approx(1).epsilon(0.001));
    CHECK(heard[9'600] == doctest::Approx(0.5).epsilon(0.002));
    CHECK(heard[14'400] == doctest::Approx(0.25).epsilon(0.004));
}

TEST_CASE("damping makes later echoes darker") {
    Rig rig({{"a", "input", {}},
             {"d", "delay", {{"time", "0.2 s"}, {"feedback", "0.9"}, {"damp", "0.7"}}},
             {"t", "tap", {}}},
            {"a -> d -> t"}, {.inputs = 1});
    const auto heard = rig.run(48'000, {noise(4'800)})[0];
    const double first = centroid(part(heard, 9'600, 4'096), 48'000),
                 third = centroid(part(heard, 28'800, 4'096), 48'000);
    CHECK(third < 0.5 * first);
}

TEST_CASE("the greatest feedback still dies away") {
    Rig rig({{"a", "input", {}}, {"d", "delay", {{"time", "0.0123 s"}, {"feedback", "0.98"}}}, {"t", "tap", {}}},
            {"a -> d -> t"}, {.inputs = 1});
    const auto heard = rig.run(480'000, {noise(4'800)})[0];
    CHECK(rms(part(heard, 470'000, 9'600)) < 0.01 * rms(part(heard, 4'800, 9'600)));
}

TEST_CASE("turning the time does not click") {
    Rig rig({{"a", "input", {}}, {"d", "delay", {{"time", "0.1 s"}, {"feedback", "0"}}}, {"t", "tap", {}}},
            {"a -> d -> t"}, {.inputs = 1});
    const auto tone = sine(200, 48'000, 48'000, 0.5f);
    rig.run(48'000, {tone});
    rig.set("d", "time", 0.15f);
    const auto heard = rig.run(48'000, {tone})[0];
    CHECK(largest_step(heard) < 4 * largest_step(tone));  // it bends the pitch, and no more
    CHECK(rms(part(heard, 24'000, 24'000)) == doctest::Approx(rms(tone)).epsilon(0.02));
}

TEST_CASE("a delay closes a loop of the patch and repeats through it") {
    Rig rig({{"a", "input", {}},
             {"d", "delay", {{"time", "0.1 s"}, {"feedback", "0"}}},
             {"g", "gain", {{"gain", "-6.0206 dB"}}},
             {"t", "tap", {}}},
            {"a -> d", "d -> g -> d", "d -> t"}, {.inputs = 1});
    const auto heard = rig.run(24'000, {impulse(24'000)})[0];
    CHECK(heard[4'800] == doctest::Approx(1).epsilon(0.001));
    CHECK(heard[9'600] == doctest::Approx(0.5).epsilon(0.002));
    CHECK(heard[14'400] == doctest::Approx(0.25).epsilon(0.004));
}

TEST_CASE("an echo in sync comes after its beats, whatever the time, and follows the tempo without a click") {
    for (const auto& [sync, frame] :
         {std::pair{"1/8", 12'000}, {"3/16", 18'000}, {"1 beat", 24'000}, {"16", 192'000}}) {
        Rig rig({{"a", "input", {}},
                 {"d", "delay", {{"time", "10 ms"}, {"sync", sync}, {"feedback", "0"}}},
                 {"t", "tap", {}}},
                {"a -> d -> t"}, {.inputs = 1});
        const auto heard = rig.run(200'000, {impulse(200'000)})[0];
        CHECK(std::max_element(heard.begin(), heard.end()) - heard.begin() == frame);
    }
    Rig rig({{"a", "input", {}}, {"d", "delay", {{"sync", "1/8"}, {"feedback", "0"}}}, {"t", "tap", {}}},
            {"a -> d -> t"}, {.inputs = 1});
    const auto tone = sine(200, 48'000, 96'000, 0.5f);
    rig.run(96'000, {tone});
    rig.set("transport", "tempo", 150);
    const auto turned = rig.run(96'000, {tone})[0];
    CHECK(largest_step(turned) < 6 * largest_step(tone));
    const auto heard = rig.run(24'000, {impulse(24'000)})[0];
    CHECK(std::max_element(heard.begin() + 4'800, heard.end()) - heard.begin() == 9'600);
}

TEST_CASE("beats that last longer than the delay can hold are halved until they fit") {
    Rig rig({{"a", "input", {}}, {"d", "delay", {{"sync", "32"}, {"feedback", "0"}}}, {"t", "tap", {}}},
            {"a -> d -> t"}, {.inputs = 1});
    const auto heard = rig.run(200'000, {impulse(200'000)})[0];  // 16 s is too long, 4 s is a quarter of it
    CHECK(std::max_element(heard.begin(), heard.end()) - heard.begin() == 192'000);
}

TEST_CASE("in ping-pong each echo comes from the other side, a mono sound's first from the left") {
    Rig rig({{"a", "input", {}},
             {"d", "delay", {{"time", "0.1 s"}, {"feedback", "0.5"}, {"ping_pong", "true"}}},
             {"t", "tap", {}}},
            {"a -> d -> t"}, {.inputs = 1});
    const auto heard = rig.run(24'000, {impulse(24'000)});
    for (const std::size_t side : {0u, 1u}) {
        CHECK(heard[side][4'800] == doctest::Approx(side == 0 ? 1 : 0).epsilon(0.002));
        CHECK(heard[side][9'600] == doctest::Approx(side == 1 ? 0.5 : 0).epsilon(0.002));
        CHECK(heard[side][14'400] == doctest::Approx(side == 0 ? 0.25 : 0).epsilon(0.002));
    }
    Rig wide({{"a", "input", {{"channels", "2"}}},
              {"d", "delay", {{"time", "0.1 s"}, {"feedback", "0.5"}, {"ping_pong", "true"}}},
              {"t", "tap", {}}},
             {"a -> d -> t"}, {.inputs = 2});
    const auto right = wide.run(24'000, {Samples(24'000, 0.0f), impulse(24'000)});
    CHECK(right[1][4'800] == doctest::Approx(1).epsilon(0.001));
    CHECK(right[0][4'800] == 0);
    CHECK(right[0][9'600] == doctest::Approx(0.5).epsilon(0.002));
}

TEST_CASE("tape turns its time slowly, never by more than a fifth, and comes to it in the end") {
    Rig rig({{"a", "input", {}},
             {"d", "delay", {{"time", "0.1 s"}, {"feedback", "0"}, {"tape", "true"}}},
             {"t", "tap", {}}},
            {"a -> d -> t"}, {.inputs = 1});
    const auto tone = sine(500, 48'000, 48'000, 0.1f);
    rig.run(48'000, {tone});
    rig.set("d", "time", 1.1f);
    double lowest = 500, highest = 500;
    Samples turning;
    for (int second = 0; second < 6; ++second) {
        const auto heard = rig.run(48'000, {tone})[0];
        turning.insert(turning.end(), heard.begin(), heard.end());
    }
    for (std::size_t at = 0; at + 4'096 <= turning.size(); at += 4'096) {
        const double hertz = loudest_hertz(part(turning, at, 4'096), 48'000);
        lowest = std::min(lowest, hertz);
        highest = std::max(highest, hertz);
    }
    CHECK(lowest > 325);
    CHECK(lowest < 400);
    CHECK(highest < 510);
    CHECK(largest_step(turning) < 2 * largest_step(tone));
    rig.run(10 * 48'000);
    const auto heard = rig.run(96'000, {impulse(96'000)})[0];
    CHECK(std::max_element(heard.begin(), heard.end()) - heard.begin() == doctest::Approx(52'800).epsilon(0.0005));
}

TEST_CASE("tape squeezes what is loud and leaves what is quiet") {
    for (const float level : {0.01f, 4.0f}) {
        Rig rig({{"a", "input", {}},
                 {"d", "delay", {{"time", "0.1 s"}, {"feedback", "0.9"}, {"tape", "true"}}},
                 {"t", "tap", {}}},
                {"a -> d -> t"}, {.inputs = 1});
        auto sound = impulse(24'000);
        sound[0] = level;
        const auto heard = rig.run(24'000, {sound})[0];
        CHECK(peak(part(heard, 9'000, 1'200)) ==
              doctest::Approx(0.9 * std::tanh(static_cast<double>(level))).epsilon(0.01));
    }
}

// How long the room sounds, that it can be held for ever, and that it is wide.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/harness.h"

using namespace legume::test;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

Rig rig_of(const Settings& settings, int channels = 1, double rate = 48'000) {
    return Rig({{"a", "input", {{"channels", std::to_string(channels)}}}, {"r", "reverb", settings}, {"t", "tap", {}}},
               {"a -> r -> t"}, {.rate = rate, .inputs = channels});
}

}  // namespace

TEST_CASE("it is 60 dB softer after its decay, in every room and at any rate") {
    for (const double rate : {44'100.0, 96'000.0})
        for (const std::string size : {"0", "0.5", "1"}) {
            CAPTURE(size);
            auto rig = rig_of({{"size", size}, {"decay", "2 s"}, {"damp", "0"}}, 1, rate);
            const auto second = static_cast<std::size_t>(rate);
            rig.run(second, {noise(second)});
            const auto tail = rig.run(2 * second)[0];
            const double early = decibels(rms(part(tail, second / 4, second / 4))),
                         late = decibels(rms(part(tail, 5 * second / 4, second / 4)));
            CHECK(early - late == doctest::Approx(30).epsilon(0.07));
        }
}

TEST_CASE("frozen, a room neither dies nor grows, and lets nothing in") {
    auto rig = rig_of({{"decay", "3 s"}});
    rig.run(48'000, {noise(48'000)});
    rig.set("r", "freeze", 1);
    rig.run(9'600);
    const double held = rms(rig.run(96'000)[0]);
    CHECK(held > 0.01);
    rig.set("r", "size", 1);
    rig.set("r", "damp", 0.95f);
    for (int i = 0; i < 10; ++i) rig.run(96'000, {noise(96'000)});
    CHECK(decibels(rms(rig.run(96'000)[0]) / held) == doctest::Approx(0).epsilon(0.2));
    rig.set("r", "freeze", 0);
    rig.run(48'000 * 8);
    CHECK(rms(rig.run(48'000)[0]) < 0.001 * held);
}

TEST_CASE("damping makes the tail darker than its beginning") {
    auto rig = rig_of({{"damp", "0.7"}, {"decay", "4 s"}, {"size", "0.2"}});
    rig.run(48'000, {noise(48'000)});
    const auto tail = rig.run(96'000)[0];
    CHECK(centroid(part(tail, 48'000, 16'384), 48'000) < 0.5 * centroid(part(tail, 0, 16'384), 48'000));
}

TEST_CASE("the room answers after its predelay, to both sides differently, from mono and from one side alone") {
    for (const int channels : {1, 2}) {
        auto rig = rig_of({{"predelay", "0.1 s"}, {"size", "0"}}, channels);
        Samples click(48'000, 0.0f);
        click[0] = 1;
        const auto heard = rig.run(48'000, channels == 1 ? Channels{click} : Channels{click, Samples(48'000, 0.0f)});
        CHECK(peak(part(heard[0], 0, 4'800)) == 0);
        CHECK(peak(part(heard[0], 4'800, 2'400)) > 0.01);
        CHECK(peak(part(heard[1], 4'800, 4'800)) > 0.01);
        double shared = 0;
        for (std::size_t i = 0; i < click.size(); ++i)
            shared += static_cast<double>(heard[0][i]) * static_cast<double>(heard[1][i]);
        const double powers = rms(heard[0]) * rms(heard[1]) * static_cast<double>(click.size());
        CHECK(shared / powers == doctest::Approx(0).epsilon(0.3));
    }
}

TEST_CASE("turning its params from end to end does not click") {
    const auto tone = sine(100, 48'000, 48'000, 0.3f);
    for (const auto& [param, to] :
         {std::pair{"size", 1.0f}, {"decay", 10.0f}, {"damp", 0.0f}, {"predelay", 0.2f}, {"freeze", 1.0f}}) {
        const char* knob = param;
        CAPTURE(knob);
        auto rig = rig_of({{"damp", "0.9"}});
        rig.run(48'000, {tone});
        rig.set("r", param, to);
        const auto heard = rig.run(48'000, {tone})[0];
        CHECK(largest_step(heard) < 0.05 * (peak(heard) + 0.3));
    }
}

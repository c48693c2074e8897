// MIDI clock with the jitter of real ports: what tempo and beat are made of it.
// SPDX-License-Identifier: MIT
#include "host/control/clock_in.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "nodes/dsp/random.h"

using namespace legume;

namespace {

// A sender whose ticks come up to `jitter` seconds early or late.
struct Sender {
    ClockIn clock;
    double jitter = 0.004;
    std::uint64_t seed = 1, count = 0;
    double time = 100, beats = 0;
    // What was found wrong at worst, once the clock has been steady for `after` ticks.
    double worst_tempo = 0, worst_beat = 0;

    void play(double tempo, int ticks, int after = 96) {
        for (int i = 0; i < ticks; ++i) {
            const double off = jitter * (2 * dsp::random_uniform(seed, 0, count++) - 1);
            clock.tick(time + off);
            if (i >= after) {
                worst_tempo = std::max(worst_tempo, std::abs(clock.tempo() / tempo - 1));
                worst_beat = std::max(worst_beat, std::abs(clock.beat(time) - beats));
            }
            time += 60 / (24 * tempo);
            beats += 1.0 / 24;
        }
    }
};

}  // namespace

TEST_CASE("with jitter of 4 ms either way the tempo is right within half a percent and the beat within a hundredth") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Sender sender;
        sender.seed = seed;
        sender.clock.start();
        sender.play(120, 24 * 60);
        CHECK(sender.worst_tempo < 0.005);
        CHECK(sender.worst_beat < 0.01);
        MESSAGE("seed " << seed << ": tempo within " << 100 * sender.worst_tempo << " %, beat within "
                        << sender.worst_beat);
    }
}

TEST_CASE("slow and fast clocks are followed too, and a change of tempo within two beats") {
    for (const double tempo : {30.0, 60.0, 174.0, 300.0}) {
        Sender sender;
        sender.clock.start();
        sender.play(tempo, 480);
        CHECK(sender.worst_tempo < 0.01);
        sender.play(tempo * 1.25, 480, 48);
        CHECK(sender.clock.tempo() == doctest::Approx(tempo * 1.25).epsilon(0.01));
        CHECK(sender.clock.beat(sender.time) == doctest::Approx(sender.beats).epsilon(0.001));
    }
}

TEST_CASE(
    "start, stop, continue and song position say where the piece is, and ticks that pass while it is stopped do not") {
    Sender sender;
    sender.jitter = 0;
    sender.play(120, 48);
    CHECK(sender.clock.steady());
    CHECK(sender.clock.beat(sender.time) == 0);
    sender.clock.start();
    CHECK(sender.clock.beat(sender.time) == 0);  // until the first tick
    sender.play(120, 25);
    CHECK(sender.clock.beat(sender.time) == doctest::Approx(25.0 / 24));
    sender.clock.stop();
    sender.play(120, 30);
    CHECK(sender.clock.beat(sender.time) == doctest::Approx(25.0 / 24));
    sender.clock.resume();
    sender.play(120, 24);
    CHECK(sender.clock.beat(sender.time) == doctest::Approx(49.0 / 24));
    sender.clock.stop();
    sender.clock.locate(16'383);  // the last that MIDI can say
    CHECK(sender.clock.beat(sender.time) == doctest::Approx(16'383 / 4.0));
    sender.clock.resume();
    sender.play(120, 24);
    CHECK(sender.clock.beat(sender.time) == doctest::Approx(16'383 / 4.0 + 1));
}

TEST_CASE("a clock that stops coming goes on in our head, and is met there when it returns") {
    Sender sender;
    sender.jitter = 0.001;
    sender.clock.start();
    sender.play(120, 240);
    CHECK_FALSE(sender.clock.lost(sender.time));
    CHECK(sender.clock.lost(sender.time + 1));
    CHECK(sender.clock.tempo() == doctest::Approx(120).epsilon(0.002));
    sender.time += 3;  // 6 beats that nobody heard
    sender.beats += 6;
    CHECK(sender.clock.beat(sender.time) == doctest::Approx(16).epsilon(0.001));
    sender.play(120, 240, 0);
    CHECK(sender.worst_beat < 0.02);
    CHECK(sender.clock.beat(sender.time) == doctest::Approx(26).epsilon(0.001));
}

TEST_CASE("a thousand ticks at once are no thousand ticks, and no tempo") {
    Sender sender;
    sender.jitter = 0;
    sender.clock.start();
    sender.play(120, 96);
    for (int i = 0; i < 1'000; ++i) sender.clock.tick(sender.time);
    CHECK(sender.clock.dropped() >= 970);
    CHECK(sender.clock.beat(sender.time) < 4 + 1.1);
    CHECK(sender.clock.tempo() >= 10);
    CHECK(sender.clock.tempo() <= 1'000);
    for (int i = 0; i < 50; ++i) sender.clock.tick(sender.time - 10);  // time that runs backwards
    CHECK(std::isfinite(sender.clock.beat(sender.time)));
    sender.time += 0.1;
    sender.play(120, 240);
    CHECK(sender.clock.tempo() == doctest::Approx(120).epsilon(0.001));
    ClockIn never;
    CHECK_FALSE(never.steady());
    CHECK_FALSE(never.lost(1e9));
    CHECK(never.beat(5) == 0);
}

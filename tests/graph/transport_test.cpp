// Musical time: its tempo, its start and stop, and the frames at which what waits for it fires.
// SPDX-License-Identifier: MIT
#include "graph/transport.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/harness.h"

using namespace legume;
using namespace legume::test;

namespace {

// At 120 a beat lasts 24,000 frames, a bar of four 96,000.
Rig clicks() { return Rig({{"saw", "lfo", {{"shape", "saw"}, {"rate", "0.001 Hz"}}}, {"t", "tap", {}}}, {"saw -> t"}); }
// Where the wave begins anew.
std::vector<std::size_t> begins(const Samples& wave, std::size_t from = 0) {
    std::vector<std::size_t> at;
    for (std::size_t i = 0; i < wave.size(); ++i)
        if (wave[i] == -1 && (i == 0 || wave[i - 1] > -1)) at.push_back(from + i);
    return at;
}

}  // namespace

TEST_CASE("a trigger that waits for a bar, a beat or an eighth fires at its very frame") {
    for (const auto& [grid, frame] : {std::pair{Grid{1, true}, 96'000},
                                      {Grid{1, false}, 24'000},
                                      {Grid{0.5f}, 12'000},
                                      {Grid{1.0f / 3}, 8'000},
                                      {Grid{3, false}, 72'000},
                                      {Grid{2, true}, 192'000}}) {
        auto rig = clicks();
        rig.trap = true;
        rig.run(64);
        rig.fire("saw", "reset", grid);
        rig.fire("saw", "reset", grid);  // pressed twice it fires once
        const auto heard = rig.run(200'000)[0];
        CHECK(begins(heard, 64) == std::vector<std::size_t>{static_cast<std::size_t>(frame)});
        CHECK(rig.sprung == 0);
    }
}

TEST_CASE("on the line itself a trigger fires at once, and a line in the middle of a block is met at its frame") {
    auto rig = clicks();
    rig.fire("saw", "reset", {1, false});
    CHECK(begins(rig.run(64)[0]) == std::vector<std::size_t>{0});
    rig.set("transport", "tempo", 100);  // 28,800 frames a beat, and 14,400 = 225 blocks for a half
    rig.set("transport", "position", 0.99f);
    rig.fire("saw", "reset", {1, false});
    const auto heard = rig.run(6'400)[0];
    REQUIRE(begins(heard).size() == 1);
    const auto at = static_cast<double>(begins(heard)[0]);
    CHECK(at > 1);
    CHECK(at < 288);  // the tempo gets there in 20 ms
}

TEST_CASE("a bar is as long as the meter says") {
    auto rig = clicks();
    rig.transport().set_bar(3);
    rig.run(64);
    rig.fire("saw", "reset", {1, true});
    CHECK(begins(rig.run(96'000)[0], 64) == std::vector<std::size_t>{72'000});
}

TEST_CASE("while time stands still a trigger waits for nothing, and one that waited goes on waiting") {
    auto rig = clicks();
    rig.run(6'400);
    rig.fire("saw", "reset", {1, false});
    rig.run(64);
    rig.fire("transport", "stop");
    rig.run(64);
    CHECK(begins(rig.run(64'000)[0]).empty());
    rig.fire("saw", "reset", {2, false});
    CHECK(begins(rig.run(64)[0]) == std::vector<std::size_t>{0});
    rig.fire("transport", "continue");
    const auto heard = begins(rig.run(64'000)[0]);
    REQUIRE(heard.size() == 1);
    CHECK(heard[0] == 24'000 - 6'464);
}

TEST_CASE("time starts, halts, goes on and jumps as it is told, and its tempo changes without a jump of the beat") {
    Transport time(48'000);
    ControlQueue control;
    std::uint64_t frame = 0;
    TransportTime now;
    const auto play = [&](int blocks) {
        for (int i = 0; i < blocks; ++i) {
            control.apply(frame);
            const auto before = now;
            now = time.advance();
            frame += block_frames;
            if (i > 0) CHECK(now.beat == doctest::Approx(before.at(block_frames)));
        }
    };
    play(376);
    CHECK(now.beat == doctest::Approx(375 * 64 / 24'000.0));
    control.post(time.tempo, "transport/tempo", 60, "hand");
    play(751);
    CHECK(now.tempo == 60);
    CHECK(now.beat == doctest::Approx(2).epsilon(0.02));
    control.post(time.stop);
    play(1);
    const auto stood = now.beat;
    play(100);
    CHECK(now.beat == stood);
    CHECK(time.running.own() == 0);
    control.post(time.resume);
    play(2);
    CHECK(now.beat > stood);
    CHECK(time.running.own() == 1);
    control.post(time.position, "transport/position", 64, "hand");
    play(1);
    CHECK(now.beat == 64);
    CHECK(time.bar.value() == 17);
    control.post(time.running, "transport/running", 0, "hand");
    control.post(time.start);  // asked to start it runs
    play(1);
    CHECK(now.beat == 0);
    CHECK(now.running);
    control.post(time.position, "transport/position", 1e9f, "hand");  // beyond the end: at the end
    control.post(time.tempo, "transport/tempo", -5, "hand");
    play(1'000);
    CHECK(now.tempo == 10);
    CHECK(now.beat >= 65'536);
}

TEST_CASE("more triggers than can wait fire at once, and none is lost") {
    Transport time(48'000);
    ControlQueue control;
    for (int i = 1; i <= 200; ++i) control.post(time.tap, {static_cast<float>(i)});
    int fired = 0;
    Stamp stamp;
    time.advance();  // off beat 0, where all would fire
    for (std::uint64_t frame = 64; frame <= 24'000 * 201; frame += 64) {
        control.apply(frame);
        control.fire_due(frame, time.advance());
        while (control.stamp(stamp)) ++fired;
        if (frame == 64) CHECK(fired == 200 - 128);
    }
    CHECK(fired == 200);
}

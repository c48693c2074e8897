// MIDI clock through JACK, as a drum machine sends it: what the transport makes of it.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>

#include "tests/live/jack.h"
#include "tests/live/stage.h"

using namespace legume;
using namespace legume::test;

TEST_CASE("a drum machine starts, leads, stops, moves and goes away, and the transport with it") {
    const JackServer server;
    JackClient drums;
    Stage stage(two_sounds + "tempo: 30\nclock: midi\n");
    Child legume(stage.command({}));
    REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
    REQUIRE(drums.play_into("legume:midi_in"));
    OscHand hand(stage.port);
    hand.send("/legume/subscribe", {std::string("/transport/*"), 50.0f});
    const auto beat = [&] { return hand.number("/transport/beat"); };
    const auto seconds = [&] {  // of sound, by legume's own count
        hand.send("/legume/stats", {});
        return hand.number("/legume/stats/seconds");
    };
    const auto rests = [&] {
        eventually([&] { return hand.number("/transport/running") == 0; });
        double began = 0;
        eventually([&] { return (began = seconds()) > 0; });
        const double before = beat();
        return eventually([&] { return seconds() > began + 1; }) &&
               beat() - before < 0.1;  // at the subscription's pace
    };
    REQUIRE(eventually([&] { return beat() > 0.5; }));  // by itself, until somebody leads
    REQUIRE(eventually([&] {
        drums.send(0xfc);  // again and again: the first may go before the cable is heard
        return hand.number("/transport/running") == 0;
    }));
    CHECK(rests());

    drums.clock(180);
    CHECK_MESSAGE(legume.says("MIDI clock: from "), legume.output());
    CHECK(rests());  // ticks alone are no start
    drums.send(0xfa);
    CHECK(eventually([&] { return hand.number("/transport/running") == 1 && beat() > 4; }));
    CHECK(eventually([&] { return hand.number("/transport/tempo") > 90; }));
    MESSAGE("180 beats a minute were sent; the transport has " << hand.number("/transport/tempo"));
    drums.send(0xfc);
    CHECK(rests());

    drums.send(0xf2, 0, 8);  // 1024 sixteenths
    CHECK(rests());
    CHECK(beat() < 200);
    drums.send(0xfb);
    CHECK(eventually([&] { return beat() > 257; }));
    CHECK(beat() < 2'000);
    drums.send(0xfa);  // from the beginning, while it runs
    CHECK(eventually([&] { return beat() < 200 && beat() > 1; }));

    drums.clock(0);
    CHECK_MESSAGE(legume.says("MIDI clock: nothing for half a second; going on at "), legume.output());
    const double alone = beat();
    CHECK(eventually([&] { return beat() > alone + 2; }));
    legume.signal(SIGTERM);
    CHECK_MESSAGE(legume.wait() == 0, legume.output());
}

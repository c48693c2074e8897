// Who moves a param that a hand and something else share.
// SPDX-License-Identifier: MIT
#include "host/midi/fader.h"

#include <doctest/doctest.h>

using namespace legume;

TEST_CASE("a fader of unknown place jumps while nothing else has moved the param") {
    Fader fader;
    CHECK(fader.move(0.9f, 0.2f, true) == 0.9f);
    CHECK(fader.move(0.1f, 0.9f, true) == 0.1f);
    CHECK(!fader.waits());
}

TEST_CASE("a fader whose param was moved waits until it passes the value, from either side, and then has it") {
    for (const bool from_below : {true, false}) {
        Fader fader;
        const auto at = [&](float x) { return from_below ? x : 1 - x; };
        REQUIRE(fader.move(at(0.2f), at(0.2f), true));
        CHECK(!fader.move(at(0.3f), at(0.7f), false));
        CHECK(fader.waits());
        CHECK(!fader.move(at(0.6f), at(0.7f), false));
        CHECK(!fader.move(at(0.1f), at(0.7f), false));
        CHECK(fader.move(at(0.8f), at(0.7f), false) == at(0.8f));
        CHECK(!fader.waits());
        CHECK(fader.move(at(0.2f), at(0.8f), true) == at(0.2f));
    }
}

TEST_CASE("a fader that comes close enough has the value too, as 7 bits seldom meet it") {
    Fader fader;
    CHECK(!fader.move(0.2f, 0.505f, false));
    CHECK(fader.move(0.5f, 0.505f, false) == 0.5f);
}

TEST_CASE("a fader that was unplugged waits, though nothing else has moved the param") {
    Fader fader;
    REQUIRE(fader.move(0.5f, 0.5f, true));
    fader.lose();
    CHECK(fader.waits());
    CHECK(!fader.move(0.9f, 0.5f, true));  // moved meanwhile: from where, nobody knows
    CHECK(!fader.move(0.6f, 0.5f, true));
    CHECK(fader.move(0.4f, 0.5f, true) == 0.4f);
    Fader jumps(FaderMode::jump);
    jumps.lose();
    CHECK(jumps.move(0.9f, 0.5f, true) == 0.9f);
}

TEST_CASE("a jumping fader has the value wherever it is") {
    Fader fader(FaderMode::jump);
    CHECK(fader.move(0.1f, 0.9f, false) == 0.1f);
    CHECK(!fader.waits());
}

TEST_CASE("a scaling fader never jumps, and its ends meet the range's") {
    Fader fader(FaderMode::scale);
    CHECK(!fader.move(0.5f, 0.8f, true));  // only now is it known where it stands
    CHECK(*fader.move(0.75f, 0.8f, true) == doctest::Approx(0.9));
    CHECK(fader.move(1, 0.9f, true) == 1.0f);
    CHECK(*fader.move(0.5f, 1, true) == doctest::Approx(0.5));
    // Something else takes the param to 0.1.
    CHECK(*fader.move(0.25f, 0.1f, false) == doctest::Approx(0.05));
    CHECK(fader.move(0, 0.05f, true) == 0.0f);
    CHECK(*fader.move(0.25f, 0, true) == doctest::Approx(0.25));
    fader.lose();
    CHECK(!fader.move(0.6f, 0.25f, true));
}

TEST_CASE("a scaling fader creeps over a param of whole numbers without sticking") {
    Fader fader(FaderMode::scale);
    float place = 0.1f, now = 0;  // of five places, each a quarter apart
    (void)fader.move(place, now, true);
    for (int i = 0; i < 90; ++i) {
        const auto to = fader.move(place += 0.01f, now, true);
        REQUIRE(to);
        now = static_cast<float>(static_cast<int>(*to * 4 + 0.5f)) / 4;
    }
    CHECK(now == 1);
}

TEST_CASE("an encoder goes on from where the param is, and stops at the ends") {
    Fader fader;
    CHECK(fader.turn(0.1f, 0.5f, true) == doctest::Approx(0.6));
    CHECK(fader.turn(0.1f, 0.5f, true) == doctest::Approx(0.7));  // a param of whole numbers has not followed yet
    CHECK(fader.turn(0.1f, 0.2f, false) == doctest::Approx(0.3));
    CHECK(fader.turn(-5, 0.3f, true) == 0);
    CHECK(fader.turn(0.1f, 0, true) == doctest::Approx(0.1));
}

// A tempo by hand.
// SPDX-License-Identifier: MIT
#include "host/control/tap.h"

#include <doctest/doctest.h>

using namespace legume;

TEST_CASE("taps give the median tempo, one that slipped does no harm, and a pause starts anew") {
    Tap tap;
    CHECK_FALSE(tap.tap(10));
    CHECK(*tap.tap(10.5) == doctest::Approx(120));
    CHECK(*tap.tap(11) == doctest::Approx(120));
    CHECK(*tap.tap(11.8) == doctest::Approx(120));  // late
    CHECK(*tap.tap(12) == doctest::Approx(120));    // and caught up
    CHECK_FALSE(tap.tap(12.02));                    // the pad bounced
    CHECK(*tap.tap(12.5) == doctest::Approx(120));
    CHECK_FALSE(tap.tap(20));
    CHECK(*tap.tap(21) == doctest::Approx(60));
    CHECK_FALSE(tap.tap(3));  // a clock that went back
    CHECK(*tap.tap(3.3) == doctest::Approx(200));
}

TEST_CASE("the newest taps win over the first ones") {
    Tap tap;
    double time = 0;
    for (int i = 0; i < 10; ++i) tap.tap(time += 0.5);
    double tempo = 0;
    for (int i = 0; i < 7; ++i) tempo = tap.tap(time += 0.4).value_or(0);
    CHECK(tempo == doctest::Approx(150));
}

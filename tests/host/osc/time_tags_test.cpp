// Bundles that are held until their time, by senders whose clocks are not ours.
// SPDX-License-Identifier: MIT
#include "host/osc/time_tags.h"

#include <doctest/doctest.h>

using namespace legume;

namespace {

const OscPeer touch{0x7f000001, 7000}, max{0x7f000001, 8000};
std::uint64_t ntp(double seconds) { return static_cast<std::uint64_t>(seconds * 4294967296.0); }

}  // namespace

TEST_CASE("a sender's tags keep their distances, whatever its clock says") {
    for (const double clock : {0.0001, 100.0, 3.9e9}) {  // counted from its first message, a stray one, the year 2023
        TimeTags tags;
        CHECK(tags.hold(touch, ntp(clock), 50) == 0);
        CHECK(tags.hold(touch, ntp(clock + 0.25), 50) == doctest::Approx(0.25).epsilon(1e-4));
        CHECK(tags.hold(touch, ntp(clock + 0.1), 50.02) == doctest::Approx(0.08).epsilon(1e-4));
        CHECK(tags.hold(touch, ntp(clock + 0.1), 50.3) == 0);  // late: at once
    }
}

TEST_CASE("each sender has its own clock") {
    TimeTags tags;
    CHECK(tags.hold(touch, ntp(10), 50) == 0);
    CHECK(tags.hold(max, ntp(1'000), 51) == 0);
    CHECK(tags.hold(max, ntp(1'000.5), 51) == doctest::Approx(0.5));
    CHECK(tags.hold(touch, ntp(11.5), 51) == doctest::Approx(0.5));
}

TEST_CASE("now, the year 1900, the year 2036 and a sender that begins anew are played at once") {
    TimeTags tags;
    CHECK(tags.hold(touch, 1, 50) == 0);
    CHECK(tags.hold(touch, 0, 50) == 0);
    CHECK(tags.hold(touch, ntp(3.9e9), 50) == 0);
    CHECK(tags.hold(touch, ~std::uint64_t{0}, 50.1) == 0);  // the last moment of NTP's era: February 2036
    CHECK(tags.hold(touch, ntp(0.001), 50.2) == 0);
    CHECK(tags.hold(touch, ntp(0.101), 50.2) == doctest::Approx(0.1).epsilon(1e-4));  // its clock from now on
    for (std::uint16_t port = 1; port < 2'000; ++port) CHECK(tags.hold({1, port}, ntp(5), 50) == 0);
}

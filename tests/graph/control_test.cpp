// The one road: coalesced, stamped, and owned by the newest change.
// SPDX-License-Identifier: MIT
#include "graph/control.h"

#include <doctest/doctest.h>

#include <limits>
#include <thread>

#include "tests/graph/nodes.h"

using namespace legume;
using namespace legume::test;

TEST_CASE("a flood of values costs one entry, the newest wins, and its stamp says when") {
    Level node;
    ControlQueue control;
    for (int i = 0; i < 100'000; ++i) control.post(node.gain, "l/gain", static_cast<float>(i % 200) / 100, "osc /x");
    CHECK(control.lost() == 0);
    control.apply(640);
    Stamp stamp;
    REQUIRE(control.stamp(stamp));
    CHECK(stamp.frame == 640);
    CHECK(stamp.target == &node.gain);
    CHECK(stamp.value == doctest::Approx(1.99));
    CHECK_FALSE(control.stamp(stamp));
    CHECK(node.gain.own() == doctest::Approx(1.99));
}

TEST_CASE("a source that repeats itself does not take a param back from a hand") {
    Level node;
    ControlQueue control;
    CHECK(control.post(node.gain, "l/gain", 0.5f, "osc /td"));
    CHECK(control.post(node.gain, "l/gain", 1.5f, "midi cc 1"));
    for (int i = 0; i < 60; ++i) CHECK_FALSE(control.post(node.gain, "l/gain", 0.5f, "osc /td"));
    CHECK(node.gain.own() == 1.5f);
    CHECK(control.post(node.gain, "l/gain", 0.51f, "osc /td"));  // a change is a change
    CHECK(node.gain.own() == doctest::Approx(0.51));
}

TEST_CASE("values that are no number move nothing, those outside are clamped") {
    Level node;
    ControlQueue control;
    CHECK_FALSE(control.post(node.gain, "l/gain", std::numeric_limits<float>::quiet_NaN(), "osc"));
    CHECK(control.post(node.gain, "l/gain", 1e30f, "osc"));
    CHECK(node.gain.own() == 2);
}

TEST_CASE("triggers and notes are never coalesced, and what does not fit is counted") {
    Counter node;
    ControlQueue control;
    int posted = 0;
    for (int i = 0; i < 20'000; ++i) posted += control.post(node.again);
    CHECK(posted == 8192);
    CHECK(control.lost() == 20'000 - 8192);
    control.apply(0);
    Stamp stamp;
    int stamped = 0;
    while (control.stamp(stamp)) ++stamped;
    CHECK(stamped == 8192);
}

TEST_CASE("values posted on one thread and applied on another: the last one said is the last one heard") {
    Level node;
    ControlQueue control;
    constexpr int count = 200'000;
    std::atomic<bool> done{false};
    std::thread audio([&] {
        for (std::uint64_t frame = 0; !done.load(); frame += 64) control.apply(frame);
        control.apply(0);
    });
    float last_stamp = -1;
    Stamp stamp;
    for (int i = 1; i <= count; ++i) {
        control.post(node.gain, "l/gain", 2.0f * static_cast<float>(i) / count, "osc");
        while (control.stamp(stamp)) {
            CHECK(stamp.value >= last_stamp);
            last_stamp = stamp.value;
        }
    }
    done = true;
    audio.join();
    while (control.stamp(stamp)) last_stamp = stamp.value;
    CHECK(last_stamp == 2.0f);
}

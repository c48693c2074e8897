// What is played when nothing fresh is there: only what was heard, neighbour to neighbour, on all channels alike.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/cover.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace legume::samplernn;

TEST_CASE("a cover walks back through what was heard, turns, and never jumps") {
    Cover cover;
    cover.prepare(100, 1);
    for (int i = 0; i < 60; ++i) {
        const auto x = static_cast<float>(i);
        cover.hear(&x);
    }
    cover.begin();
    float last = 60;
    bool back = false, again = false;
    for (int i = 0; i < 1'000; ++i) {
        const float x = *cover.next();
        cover.hear(&x);
        REQUIRE(std::abs(x - last) <= 1);
        REQUIRE(x >= 0);
        REQUIRE(x <= 59);
        back = back || x <= 30;  // half of what it knows: the other half is what it played on the way
        again = again || (back && x > 55);
        last = x;
    }
    CHECK(back);
    CHECK(again);
}

TEST_CASE("all channels of a cover go the same way") {
    Cover cover;
    cover.prepare(64, 3);
    for (int i = 0; i < 200; ++i) {
        const auto x = static_cast<float>(i);
        const float frame[] = {x, -x, x + 1'000};
        cover.hear(frame);
    }
    cover.begin();
    for (int i = 0; i < 500; ++i) {
        const float* grain = cover.next();
        const float frame[] = {grain[0], grain[1], grain[2]};
        REQUIRE(frame[0] >= 136);  // no older than it remembers
        REQUIRE(frame[1] == -frame[0]);
        REQUIRE(frame[2] == frame[0] + 1'000);
        cover.hear(frame);
    }
}

TEST_CASE("a cover that has heard nothing is silent") {
    Cover cover;
    cover.prepare(64, 2);
    cover.begin();
    for (int i = 0; i < 200; ++i) {
        const float frame[] = {cover.next()[0], cover.next()[1]};
        CHECK(frame[0] == 0);
        CHECK(frame[1] == 0);
        cover.hear(frame);
    }
}

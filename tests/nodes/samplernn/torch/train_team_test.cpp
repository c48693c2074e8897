// Threads that share out work: all of it is done once, and what one throws reaches whoever asked.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include "nodes/samplernn/torch/team.h"

using namespace legume::samplernn;

TEST_CASE("shares are all of it, in order, and none is larger than another by more than one") {
    for (const std::int64_t count : {0, 1, 7, 64})
        for (const int lanes : {1, 2, 3, 8}) {
            std::int64_t at = 0;
            for (int lane = 0; lane < lanes; ++lane) {
                const auto part = share(count, lane, lanes);
                CHECK(part.from == at);
                CHECK(part.count >= count / lanes);
                CHECK(part.count <= count / lanes + 1);
                at += part.count;
            }
            CHECK(at == count);
        }
}

TEST_CASE("lanes meet: none goes on before all have come") {
    for (const int lanes : {1, 2, 4}) {
        Team team(lanes);
        std::atomic<int> come{0};
        std::atomic<bool> early{false};
        team.each([&](int) {
            for (int round = 1; round <= 200; ++round) {
                ++come;
                team.meet();
                if (come < round * lanes) early = true;
                team.meet();
            }
        });
        CHECK(!early);
        CHECK(come == 200 * lanes);
    }
}

TEST_CASE("what a lane throws reaches the caller, from any lane, while the others wait for it, again and again") {
    Team team(3);
    for (int round = 0; round < 50; ++round)
        for (int thrower = 0; thrower < 3; ++thrower) {
            const std::string reason = "lane " + std::to_string(thrower);
            const auto work = [&](int lane) {
                team.meet();
                if (lane == thrower) throw std::runtime_error(reason);
                team.meet();
                team.meet();
            };
            CHECK_THROWS_WITH(team.each(work), reason.c_str());
            std::atomic<int> done{0};
            team.each([&](int) {  // it works on, and its meetings are whole again
                team.meet();
                ++done;
                team.meet();
            });
            CHECK(done == 3);
        }
}

TEST_CASE("when all lanes throw, one of the reasons reaches the caller") {
    Team team(3);
    CHECK_THROWS_WITH(team.each([](int) { throw std::runtime_error("all"); }), "all");
    CHECK_NOTHROW(team.each([&](int) { team.meet(); }));
}

// Which sound the switch plays, when it changes, and that it does not click.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/harness.h"

using namespace legume::test;

namespace {

// in1 says 1 on the left channel, in3 half as much.
Rig two(const std::vector<std::pair<std::string, std::string>>& settings, double rate = 48'000) {
    return Rig({{"i", "input", {{"channels", "2"}}},
                {"h", "gain", {{"gain", "-6.0206 dB"}}},
                {"s", "switch", settings},
                {"t", "tap", {}}},
               {"i -> s.in1", "i -> h -> s.in3", "s -> t"}, {.rate = rate, .inputs = 2});
}
const Channels steady{Samples(96'000, 1.0f), Samples(96'000, 0.0f)};

}  // namespace

TEST_CASE("index chooses at once but fades over 20 ms, the channels apart") {
    for (const double rate : {44'100.0, 96'000.0}) {
        auto rig = two({}, rate);
        CHECK(part(rig.run(640, steady)[0], 0, 640) == Samples(640, 1.0f));
        rig.set("s", "index", 3);
        const auto way = rig.run(4'800, steady);
        CHECK(largest_step(way[0]) < 0.005);
        CHECK(way[0][static_cast<std::size_t>(0.018 * rate)] != doctest::Approx(0.5).epsilon(1e-3));
        CHECK(way[0][static_cast<std::size_t>(0.021 * rate)] == doctest::Approx(0.5).epsilon(1e-4));
        CHECK(peak(way[1]) == 0);
        CHECK(rig.meter("s", "chosen").value() == 3);
        rig.set("s", "index", 2);  // nothing is wired there
        CHECK(rig.run(4'800, steady)[0].back() == 0);
    }
}

TEST_CASE("next goes round those that are wired") {
    auto rig = two({});
    rig.run(640, steady);
    for (const double expected : {0.5, 1.0, 0.5}) {
        rig.fire("s", "next");
        CHECK(rig.run(4'800, steady)[0].back() == doctest::Approx(expected).epsilon(1e-4));
    }
}

TEST_CASE("in sync a change waits for the line, and does not when time stands still") {
    auto rig = two({{"sync", "1 beat"}});
    rig.run(12'800, steady);  // a beat lasts 24,000 frames
    rig.fire("s", "next");
    const auto way = rig.run(12'800, steady)[0];
    CHECK(part(way, 0, 11'200) == Samples(11'200, 1.0f));
    CHECK(way[11'201] != 1);
    CHECK(way.back() == doctest::Approx(0.5).epsilon(1e-4));
    rig.fire("transport", "stop");
    rig.run(64, steady);
    rig.set("s", "index", 2);
    CHECK(rig.run(4'800, steady)[0].back() == 0);
}

// What the sequencer plays, step by step.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>

#include "tests/harness.h"

using namespace legume;
using namespace legume::test;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

// Channel 1 is the value, channel 2 the gate.
Patch sequence(const std::vector<std::string>& steps, Settings settings) {
    settings.emplace_back("hold", "20 ms");
    auto patch = make_patch({{"s", "sequencer", settings},
                             {"v", "pan", {{"position", "-1"}}},
                             {"g", "pan", {{"position", "1"}}},
                             {"t", "tap", {}}},
                            {"s.value -> v -> t", "s.gate -> g -> t"});
    Setting list;
    list.name = "steps";
    list.value.kind = Value::Kind::list;
    for (const auto& step : steps) {
        list.value.items.emplace_back();
        list.value.items.back().text = step;
    }
    patch.nodes[0].settings.push_back(list);
    return patch;
}
const std::vector<std::string> four{"1", "2", "3", "4"};
const std::vector<std::string> eight{"1", "2", "3", "4", "5", "6", "7", "8"};

// What each step says while `count` of them go by in sync at 1/16 (6,000 frames); a rest is 0.
std::vector<int> heard(Rig& rig, int count) {
    const auto y = rig.run(static_cast<std::size_t>(count) * 6'000);
    std::vector<int> steps;
    for (int i = 0; i < count; ++i) {
        const auto at = static_cast<std::size_t>(i * 6'000 + 100);
        steps.push_back(y[1][at] > 0.5f ? static_cast<int>(y[0][at] + 0.5f) : 0);
    }
    return steps;
}

}  // namespace

TEST_CASE("each trigger goes on by one step, and reset lets the first one come next") {
    Rig rig(sequence(four, {}), {});
    std::vector<float> values;
    for (int i = 0; i < 6; ++i) {
        rig.fire("s", "next");
        const auto y = rig.run(1'920);
        values.push_back(y[0][0]);
        CHECK(y[1][0] == 1);
        CHECK(y[1][900] == 1);
        CHECK(y[1][1'000] == 0);  // 20 ms are 960 frames
    }
    CHECK(values == std::vector<float>{1, 2, 3, 4, 1, 2});
    CHECK(rig.meter("s", "step").value() == 2);
    rig.fire("s", "reset");
    rig.fire("s", "next");
    CHECK(rig.run(64)[0][0] == 1);
}

TEST_CASE("a step that comes while the gate is open closes it for one frame") {
    Rig rig(sequence(four, {}), {});
    rig.fire("s", "next");
    rig.run(128);
    rig.fire("s", "next");
    const auto y = rig.run(128);
    CHECK(y[0][0] == 2);
    CHECK(y[1][0] == 0);
    CHECK(y[1][1] == 1);
}

TEST_CASE("in sync the steps fall on the lines, the first on beat 0") {
    Rig rig(sequence(four, {{"sync", "1/16"}}), {});
    const auto y = rig.run(48'000);
    for (std::size_t i = 0; i < 8; ++i) {
        CHECK(y[0][i * 6'000] == static_cast<float>(i % 4 + 1));
        CHECK(y[1][i * 6'000] == 1);
        if (i > 0) CHECK(y[1][i * 6'000 - 1] == 0);
    }
    rig.set("transport", "position", 1.5f);  // the seventh sixteenth
    CHECK(rig.run(64)[0][0] == 3);
}

TEST_CASE("fill spreads the steps that sound as evenly as can be, and rotate moves them") {
    const auto of = [](const char* fill, const char* rotate) {
        Rig rig(sequence(eight, {{"sync", "1/16"}, {"fill", fill}, {"rotate", rotate}}), {});
        return heard(rig, 8);
    };
    CHECK(of("3", "0") == std::vector<int>{1, 0, 0, 4, 0, 0, 7, 0});  // the tresillo
    CHECK(of("3", "1") == std::vector<int>{0, 2, 0, 0, 5, 0, 0, 8});
    CHECK(of("5", "0") == std::vector<int>{1, 0, 3, 0, 5, 6, 0, 8});  // a rotation of the cinquillo
    CHECK(of("0", "0") == std::vector<int>(8, 0));
    CHECK(of("200", "0") == std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("probability lets as many steps sound as it says, the same ones for the same seed") {
    const auto of = [](const char* probability, std::uint64_t seed) {
        Rig rig(sequence(four, {{"sync", "1/16"}, {"probability", probability}}), {.seed = seed});
        return heard(rig, 400);
    };
    const auto half = of("0.5", 1);
    const auto sounding = 400 - std::count(half.begin(), half.end(), 0);
    CHECK(sounding > 160);
    CHECK(sounding < 240);
    CHECK(of("0.5", 1) == half);
    CHECK(of("0.5", 2) != half);
    CHECK(of("0", 1) == std::vector<int>(400, 0));
}

TEST_CASE("too many steps are refused with what helps") {
    const std::vector<std::string> many(257, "1");
    CHECK_THROWS_WITH_AS((Rig{sequence(many, {}), {}}),
                         doctest::Contains("257 are more than 256; wire two sequencers to a switch"),
                         std::runtime_error);
}

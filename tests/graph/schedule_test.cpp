// What the audio thread does with a plan: order, sums, channels, buffers, modulation, loops, poison.
// SPDX-License-Identifier: MIT
#include "graph/schedule.h"

#include <doctest/doctest.h>

#include "tests/graph/nodes.h"

using namespace legume;
using namespace legume::test;

namespace {

struct Rig {
    Store store;
    std::unique_ptr<Schedule> schedule;
    std::array<std::array<float, block_frames>, 2> out{};
    std::uint64_t frame = 0;

    Rig(const std::vector<Plain>& nodes, const std::vector<std::string>& wires) : Rig(plain(nodes, wires)) {}
    explicit Rig(Checked checked) {
        REQUIRE(lines(checked.problems) == std::vector<std::string>{});
        schedule = compile(std::move(checked), {48'000, 1, store, {}}).schedule;
        REQUIRE(schedule);
    }
    const std::array<float, block_frames>& block(int channel = 0) {
        Signal in, device;
        device.channels = 2;
        device.data = {out[0].data(), out[1].data()};
        schedule->process(frame, {}, in, device);
        frame += block_frames;
        return out[static_cast<std::size_t>(channel)];
    }
    template <class T>
    T& node(const char* id) {
        return *static_cast<T*>(schedule->find(id));
    }
};

}  // namespace

TEST_CASE("nodes run after what they read, whatever the order of the text") {
    Rig rig({{"out", "sink"}, {"b", "level"}, {"a", "counter"}}, {"a -> b", "b -> out"});
    CHECK(rig.block()[10] == 10);
    CHECK(rig.block()[10] == 74);
}

TEST_CASE("several wires into one input are summed, mono feeds every channel") {
    Rig rig({{"a", "counter"}, {"b", "counter", {{"channels", "2"}, {"slope", "2"}}}, {"out", "sink"}},
            {"a -> out", "b -> out"});
    CHECK(rig.block(0)[5] == 5 + 10);
    CHECK(rig.block(1)[5] == 3 * (64 + 5));
}

TEST_CASE("buffers are used again once nobody reads them") {
    std::vector<Plain> nodes{{"s", "counter"}};
    std::string chain = "s";
    for (int i = 0; i < 40; ++i) {
        nodes.push_back({"l" + std::to_string(i), "level"});
        chain += " -> l" + std::to_string(i);
    }
    nodes.push_back({"out", "sink"});
    Rig rig(nodes, {chain + " -> out"});
    CHECK(rig.schedule->buffers() <= 3);  // the silent one and two that take turns
    CHECK(rig.block()[7] == 7);
}

TEST_CASE("a wire moves a param along its curve, once a block, clamped") {
    Problems problems;
    auto patch = plain_patch({{"s", "counter", {{"slope", "0.001"}}},
                              {"one", "counter", {{"slope", "0"}}},
                              {"l", "level", {{"gain", "0.5"}}},
                              {"out", "sink"}},
                             {"one -> l -> out"});
    parse_wires("s -> l.gain", {}, 0.5f, patch, problems);
    Rig rig(check(patch, plain_types));
    rig.block();
    rig.block();
    // Normalised 0.25 plus half the signal's last frame, times the range of 2.
    CHECK(rig.node<Level>("l").gain.own() == 0.5f);
    rig.node<Counter>("s").count = 5;  // far beyond: clamped
    rig.node<Counter>("one").count = 1;
    rig.block();
    CHECK(rig.block()[63] == doctest::Approx(2.0));
}

TEST_CASE("a late input hears the block before, so a loop adds up one block at a time") {
    Rig rig({{"one", "counter", {{"slope", "0"}}}, {"sum", "level"}, {"d", "late"}, {"out", "sink"}},
            {"one -> sum -> out", "sum -> d -> sum"});
    rig.node<Counter>("one").count = 1;
    CHECK(rig.block()[0] == 1);
    CHECK(rig.block()[0] == 2);
    CHECK(rig.block()[0] == 3);
    CHECK(rig.schedule->latency_frames() == block_frames);
}

TEST_CASE("what is not finite stops where it comes out: zero, counted, named, and the node reset") {
    Rig rig({{"p", "poison"}, {"l", "level"}, {"out", "sink"}}, {"p -> l -> out"});
    ControlQueue control;
    control.post(rig.node<Poison>("p").poke);
    control.apply(0);
    const auto block = rig.block();
    CHECK(block[3] == 0);
    CHECK(block[9] == 0);
    CHECK(block[4] == 0.25f);
    const auto poisoned = rig.schedule->poisoned();
    REQUIRE(poisoned.size() == 1);
    CHECK(poisoned[0].id == "p");
    CHECK(poisoned[0].values == 2);
    CHECK(rig.node<Poison>("p").resets == 1);
    rig.block();
    CHECK(rig.schedule->poisoned().empty());
}

TEST_CASE("a signal that rises through 0.5 fires a trigger at its very frame") {
    Rig rig({{"s", "counter", {{"slope", "0.04"}}}, {"c", "counter"}, {"out", "sink"}}, {"s -> c.again", "c -> out"});
    const auto block = rig.block();
    CHECK(block[12] == 12);  // 0.04 * 13 = 0.52 is the first at or above 0.5
    CHECK(block[13] == 0);
    CHECK(block[14] == 1);
}

TEST_CASE("notes reach their block in order and none is left for the next") {
    Rig rig({{"k", "keys"}, {"out", "sink"}}, {"k -> out"});
    ControlQueue control;
    for (int i = 0; i < 3; ++i) control.post(rig.node<Keys>("k").notes, {0, NoteEvent::Kind::on, 60 + i, 1});
    control.apply(0);
    CHECK(rig.block()[0] == 3);
    CHECK(rig.block()[0] == 0);
}

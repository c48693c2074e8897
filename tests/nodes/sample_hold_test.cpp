// What sample-hold takes, and when.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/harness.h"

using namespace legume::test;

namespace {

Samples gates(std::size_t frames, std::size_t from, std::size_t to) {
    Samples x(frames, 0.0f);
    std::fill(x.begin() + static_cast<std::ptrdiff_t>(from), x.begin() + static_cast<std::ptrdiff_t>(to), 1.0f);
    return x;
}
// What an lfo says, and what is held of it by gates from the device.
Samples saw(std::size_t frames) {
    Rig rig({{"l", "lfo", {{"shape", "saw"}}}, {"t", "tap", {}}}, {"l -> t"});
    return rig.run(frames)[0];
}
Channels held(const Channels& gate, const std::string& track) {
    const auto channels = static_cast<int>(gate.size());
    Rig rig({{"l", "lfo", {{"shape", "saw"}}},
             {"g", "input", {{"channels", std::to_string(channels)}}},
             {"s", "sample-hold", {{"track", track}}},
             {"t", "tap", {}}},
            {"l -> s.in", "g -> s.gate", "s -> t"}, {.inputs = channels});
    return rig.run(gate[0].size(), gate);
}

}  // namespace

TEST_CASE("sample-hold takes the value of the frame on which its gate rises, each channel by its own") {
    const auto x = saw(1'280);
    const auto y = held({gates(1'280, 100, 300), gates(1'280, 700, 800)}, "false");
    CHECK(y[0][99] == 0);
    CHECK(y[0][100] == x[100]);
    CHECK(y[0][1'279] == x[100]);
    CHECK(y[1][699] == 0);
    CHECK(y[1][1'279] == x[700]);
}

TEST_CASE("with track it follows while the gate is open and holds its last value") {
    const auto x = saw(1'280), y = held({gates(1'280, 100, 300)}, "true")[0];
    CHECK(y[99] == 0);
    CHECK(part(y, 100, 200) == part(x, 100, 200));
    CHECK(y[1'279] == x[299]);
}

TEST_CASE("its trigger takes a value on every channel") {
    Rig rig({{"i", "input", {{"channels", "2"}}}, {"s", "sample-hold", {}}, {"t", "tap", {}}}, {"i -> s", "s -> t"},
            {.inputs = 2});
    rig.fire("s", "sample");
    const auto y = rig.run(128, {Samples(1, 0.25f), Samples(1, -0.5f)});
    CHECK(y[0].back() == 0.25f);
    CHECK(y[1].back() == -0.5f);
}

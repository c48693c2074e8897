// What is said in several messages arrives as one value, whatever is left out.
// SPDX-License-Identifier: MIT
#include "host/midi/assemble.h"

#include <doctest/doctest.h>

#include <random>

using namespace legume;
using Kind = MidiEvent::Kind;

namespace {

struct Ear {
    MidiAssembler assembler;
    // What these controllers made whole, beside themselves.
    std::vector<MidiEvent> hear(std::vector<std::pair<int, int>> controllers, int channel = 1, const char* port = "a") {
        std::vector<MidiEvent> whole;
        for (const auto& [number, value] : controllers) {
            const MidiEvent event{Kind::cc, channel, number, value};
            const auto made = assembler.take(event, port);
            REQUIRE(!made.empty());
            CHECK(made[0] == event);
            for (std::size_t i = 1; i < made.size(); ++i)
                if (made[i].kind != Kind::cc14 || number % 32 != 6) whole.push_back(made[i]);
        }
        return whole;
    }
};
using Events = std::vector<MidiEvent>;

}  // namespace

TEST_CASE("a controller of 14 bits is whole with either half, and the coarse one alone reaches both ends") {
    Ear ear;
    CHECK(ear.hear({{1, 127}}) == Events{{Kind::cc14, 1, 1, 16383}});
    CHECK(ear.hear({{1, 0}}) == Events{{Kind::cc14, 1, 1, 0}});
    CHECK(ear.hear({{1, 64}, {33, 5}}) == Events{{Kind::cc14, 1, 1, 64 * 128 + 64}, {Kind::cc14, 1, 1, 64 * 128 + 5}});
    CHECK(ear.hear({{33, 6}}) == Events{{Kind::cc14, 1, 1, 64 * 128 + 6}});
    CHECK(ear.hear({{1, 65}}) == Events{{Kind::cc14, 1, 1, 65 * 128}});
    CHECK(ear.hear({{40, 6}}).empty());  // a fine half of what has no coarse one yet
    CHECK(ear.hear({{64, 6}}).empty());
    CHECK(ear.hear({{33, 7}}, 2).empty());  // another channel
    CHECK(ear.hear({{33, 7}}, 1, "b").empty());
    ear.assembler.forget("a");
    CHECK(ear.hear({{33, 7}}).empty());
}

TEST_CASE("NRPN and RPN are selected, filled, and deselected") {
    Ear ear;
    CHECK(ear.hear({{6, 1}, {38, 1}}).empty());  // data for nothing
    CHECK(ear.hear({{99, 2}, {6, 1}}).empty());  // half a number
    CHECK(ear.hear({{98, 3}, {6, 127}}) == Events{{Kind::nrpn, 1, 2 * 128 + 3, 16383}});
    CHECK(ear.hear({{38, 9}}) == Events{{Kind::nrpn, 1, 259, 127 * 128 + 9}});
    CHECK(ear.hear({{6, 4}}) == Events{{Kind::nrpn, 1, 259, 4 * 128}});
    CHECK(ear.hear({{98, 4}, {38, 9}}).empty());  // another parameter's fine half alone
    CHECK(ear.hear({{101, 0}, {6, 1}}).empty());  // half an RPN does not fill the NRPN
    CHECK(ear.hear({{100, 0}, {6, 12}}) == Events{{Kind::rpn, 1, 0, 12 * 128}});
    CHECK(ear.hear({{101, 127}, {100, 127}, {6, 12}}).empty());
}

TEST_CASE("data increment and decrement are steps of the parameter that is selected, and of none are nothing") {
    Ear ear;
    CHECK(ear.hear({{96, 1}, {97, 0}}).empty());
    CHECK(ear.hear({{99, 2}, {98, 44}, {96, 127}, {97, 0}}) ==
          Events{{Kind::nrpn_step, 1, 300, 1}, {Kind::nrpn_step, 1, 300, -1}});
    CHECK(ear.hear({{6, 5}, {96, 1}}).back() == MidiEvent{Kind::nrpn_step, 1, 300, 1});
    CHECK(ear.hear({{38, 3}}).empty());  // half of a value that is past
    CHECK(ear.hear({{101, 0}, {100, 1}, {97, 1}}) == Events{{Kind::rpn_step, 1, 1, -1}});
    CHECK(ear.hear({{101, 127}, {100, 127}, {96, 1}}).empty());
    CHECK(share_of({Kind::nrpn_step, 1, 300, -1}) == 0);
}

TEST_CASE("no order of controllers makes a value that is out of range") {
    std::mt19937 random(1);
    MidiAssembler assembler;
    int whole = 0;
    for (int i = 0; i < 200'000; ++i) {
        const MidiEvent event{static_cast<Kind>(random() % 8), static_cast<int>(random() % 18),
                              static_cast<int>(random() % 128), static_cast<int>(random() % 128)};
        for (const auto& made : assembler.take(event, random() % 2 ? "a" : "b")) {
            const bool wide = made.kind == Kind::cc14 || made.kind == Kind::nrpn || made.kind == Kind::rpn;
            whole += wide && !(made == event);
            REQUIRE(made.value >= (is_step(made) ? -1 : 0));
            REQUIRE(made.value <= 16383);
            REQUIRE(made.number <= 16382);
            REQUIRE(share_of(made) >= 0);
            REQUIRE(share_of(made) <= 1);
        }
    }
    CHECK(whole > 1'000);
}

TEST_CASE("a bend's middle is a half, and its ends are the ends") {
    CHECK(share_of({Kind::bend, 1, 0, 0}) == 0.5f);
    CHECK(share_of({Kind::bend, 1, 0, -8192}) == 0);
    CHECK(share_of({Kind::bend, 1, 0, 8191}) == 1);
}

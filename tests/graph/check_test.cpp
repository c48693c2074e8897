// Every problem at once, each with a place and a next step.
// SPDX-License-Identifier: MIT
#include "graph/check.h"

#include <doctest/doctest.h>

#include "tests/graph/nodes.h"

using namespace legume;
using namespace legume::test;

namespace {

std::vector<std::string> wrong(const std::vector<Plain>& nodes, const std::vector<std::string>& wires) {
    return lines(plain(nodes, wires).problems);
}

}  // namespace

TEST_CASE("a valid patch has no problems, and its channels are counted") {
    const auto c = plain({{"a", "counter", {{"channels", "2"}}}, {"b", "level"}, {"out", "sink"}}, {"a -> b -> out"});
    CHECK(lines(c.problems) == std::vector<std::string>{});
    CHECK(c.out_channels[1][0] == 2);
    CHECK(c.in_channels[2][0] == 2);
}

TEST_CASE("all faults are said, in the order of the text") {
    const auto faults = wrong({{"a", "countr"},
                               {"b", "level", {{"gian", "1"}}},
                               {"c", "level", {{"gain", "3"}}},
                               {"d", "level", {{"gain", "1 kHz"}}}},
                              {"b -> c.inn", "b.low -> c", "x -> b", "c -> d.gain", "d -> b.out"});
    CHECK(faults == std::vector<std::string>{
                        "t.yaml:1:6: there is no node type \"countr\"; did you mean \"counter\"?",
                        "t.yaml:2:8: level has no setting \"gian\"; did you mean \"gain\"?",
                        "t.yaml:3:10: gain: 3 is outside 0 to 2",
                        "t.yaml:4:10: gain: \"1 kHz\" is not a number such as 0.5, or 50 %",
                        "t.yaml:5:10: level has no port \"inn\"; it has in, gain",
                        "t.yaml:6:5: level has no output \"low\"; it has out",
                        "t.yaml:7:5: there is no node \"x\"; there are a, b, c, d",
                        "t.yaml:9:10: \"out\" is an output; wire from it",
                    });
}

TEST_CASE("a loop is refused with its nodes by name, and a late input closes it") {
    CHECK(wrong({{"a", "level"}, {"b", "level"}, {"c", "level"}}, {"a -> b -> c -> a"}) ==
          std::vector<std::string>{
              "t.yaml:4:5: these nodes feed each other in a loop: a -> b -> c -> a; put a delay into it"});
    CHECK(wrong({{"a", "level"}, {"b", "level"}, {"c", "level"}}, {"c -> c", "a -> b -> a"}) ==
          std::vector<std::string>{
              "t.yaml:4:5: these nodes feed each other in a loop: c -> c; put a delay into it",
              "t.yaml:5:5: these nodes feed each other in a loop: a -> b -> a; put a delay into it"});
    CHECK(wrong({{"a", "level"}, {"b", "level"}}, {"a -> b -> a", "a -> b.gain", "b -> b"}).size() == 1);  // one knot
    CHECK(wrong({{"a", "level"}}, {"a -> a"}).size() == 1);
    CHECK(wrong({{"a", "level"}}, {"a -> a.gain"}).size() == 1);
    CHECK(wrong({{"a", "level"}, {"d", "late"}}, {"a -> d -> a"}).empty());
}

TEST_CASE("channels grow round a loop until they settle") {
    const auto c =
        plain({{"s", "counter", {{"channels", "3"}}}, {"a", "level"}, {"d", "late"}}, {"s -> a", "a -> d -> a"});
    CHECK(c.problems.empty());
    CHECK(c.out_channels[2][0] == 3);
}

TEST_CASE("surplus channels are an error with both sides named") {
    CHECK(wrong({{"s", "counter", {{"channels", "4"}}}, {"out", "sink"}}, {"s -> out"}) ==
          std::vector<std::string>{
              "t.yaml:3:5: s has 4 channels, and out.in takes 2; put a mix or pan between, or set its channels"});
}

TEST_CASE("the same wire twice is an error, and so is depth into a signal input") {
    CHECK(wrong({{"s", "counter"}, {"out", "sink"}}, {"s -> out", "s -> out"}) ==
          std::vector<std::string>{"t.yaml:4:5: s is wired to out twice; remove one"});
    Problems problems;
    auto patch = plain_patch({{"s", "counter"}, {"out", "sink"}}, {});
    parse_wires("s -> out", {"t.yaml", 3, 5}, 0.5f, patch, problems);
    const auto faults = lines(check(patch, plain_types).problems);
    REQUIRE(faults.size() == 1);
    CHECK(faults[0] == "t.yaml:3:5: depth is for wires into a param, and out is not one; put a gain node between");
}

TEST_CASE("a binding must lead to something that moves, within its range") {
    auto patch = plain_patch({{"a", "level"}, {"k", "keys"}, {"c", "counter"}}, {});
    const auto bind = [&](const char* node, const char* member, MidiSource::Kind kind, const char* low,
                          const char* high) {
        Binding b;
        b.midi = MidiSource{kind, 1, 0, ""};
        b.to = {node, member, {"t.yaml", 20, 9}};
        if (low) {
            Value from, to;
            from.text = low;
            to.text = high;
            from.place = to.place = {"t.yaml", 20, 30};
            b.range = std::pair(from, to);
        }
        patch.bindings = {b};
        return lines(check(patch, plain_types).problems);
    };
    using Kind = MidiSource::Kind;
    CHECK(bind("a", "gain", Kind::cc, "0.1", "0.5").empty());
    CHECK(bind("a", "gain", Kind::cc, "0.1", "5") ==
          std::vector<std::string>{"t.yaml:20:30: range: 5 is outside 0 to 2"});
    CHECK(bind("a", "in", Kind::cc, nullptr, nullptr) ==
          std::vector<std::string>{"t.yaml:20:9: level has no param or trigger \"in\"; it has gain"});
    CHECK(bind("k", "notes", Kind::notes, nullptr, nullptr).empty());
    CHECK(bind("k", "notes", Kind::cc, nullptr, nullptr).size() == 1);
    CHECK(bind("a", "gain", Kind::notes, nullptr, nullptr).size() == 1);
    CHECK(bind("c", "again", Kind::note, nullptr, nullptr).empty());
    CHECK(bind("zz", "again", Kind::note, nullptr, nullptr).size() == 1);
}

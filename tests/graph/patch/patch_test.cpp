// Patches as values, and the language of wires.
// SPDX-License-Identifier: MIT
#include "graph/patch/patch.h"

#include <doctest/doctest.h>

using namespace legume;

TEST_CASE("a chain of arrows becomes wires, each with its place") {
    Patch patch;
    Problems problems;
    parse_wires("a.low -> b.in2 -> c", {"x.yaml", 3, 5}, {}, patch, problems);
    REQUIRE(problems.empty());
    REQUIRE(patch.wires.size() == 2);
    CHECK(to_string(patch.wires[0].from) == "a.low");
    CHECK(to_string(patch.wires[0].to) == "b.in2");
    CHECK(to_string(patch.wires[1].from) == "b");
    CHECK(to_string(patch.wires[1].to) == "c");
    CHECK(to_string(patch.wires[1].to.place) == "x.yaml:3:23");
}

TEST_CASE("a wire that cannot be read says where") {
    const auto problem = [](const char* text) {
        Patch patch;
        Problems problems;
        parse_wires(text, {"x.yaml", 1, 1}, {}, patch, problems);
        REQUIRE(problems.size() == 1);
        CHECK(patch.wires.empty());
        return to_string(problems[0]);
    };
    CHECK(problem("a") == "x.yaml:1:1: a wire needs an arrow; write a -> other");
    CHECK(problem("a -> B") == "x.yaml:1:6: \"B\" names no node; write node or node.port");
    CHECK(problem("a ->") == "x.yaml:1:5: \"\" names no node; write node or node.port");
    CHECK(problem("a. -> b") == "x.yaml:1:1: \"a.\" names no node; write node or node.port");
}

TEST_CASE("ids are words that OSC and YAML can carry") {
    CHECK(valid_id("dream-2_b"));
    for (const char* id : {"", "2b", "Dream", "a b", "a.b", "a/b", "legume", "-a"}) CHECK_FALSE(valid_id(id));
}

TEST_CASE("moving a line is no edit, changing a value is") {
    Patch a;
    Value six;
    six.text = "-6 dB";
    six.place = {"f", 2, 3};
    a.nodes.push_back({"x", "gain", {{"gain", six, {}}}, {}, {}});
    Patch b = a;
    b.nodes[0].settings[0].value.place.line = 9;
    CHECK(a == b);
    CHECK(diff(a, b).empty());
    b.nodes[0].settings[0].value.text = "-7 dB";
    CHECK_FALSE(a == b);
    const auto d = diff(a, b);
    REQUIRE(d.changed.size() == 1);
    CHECK(d.changed[0].second == "gain");
}

TEST_CASE("another curve is another binding, wherever it stands") {
    Patch a;
    a.bindings.emplace_back();
    Patch b = a;
    b.bindings[0].curve_place.line = 9;
    CHECK(diff(a, b).empty());
    b.bindings[0].curve = Curve::log;
    CHECK_FALSE(a == b);
    CHECK(diff(a, b).bindings);
}

TEST_CASE("the nearest name is offered only when it is near") {
    CHECK(nearest("crosfade", {"filter", "crossfade"}) == "crossfade");
    CHECK(nearest("xyzzy", {"filter", "crossfade"}) == "");
}

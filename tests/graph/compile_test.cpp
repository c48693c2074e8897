// Edits while it plays: what stays keeps its state, what comes and goes is faded, and all or nothing.
// SPDX-License-Identifier: MIT
#include "graph/compile.h"

#include <doctest/doctest.h>

#include "tests/graph/show.h"

using namespace legume;
using namespace legume::test;

namespace {

const std::vector<std::pair<std::string, std::string>> still{{"slope", "0"}};

}  // namespace

TEST_CASE("a node whose options stay is the same instance: its count goes on without a step") {
    Show show;
    show.edit({{"a", "counter"}, {"out", "sink"}}, {"a -> out"});
    show.run(4);
    show.edit({{"extra", "counter", still}, {"a", "counter"}, {"out", "sink"}}, {"a -> out", "extra -> out"});
    show.run(40);
    for (std::size_t i = 0; i < show.heard.size(); ++i) REQUIRE(show.heard[i] == static_cast<float>(i));
}

TEST_CASE("a node whose options change is another one, and the two are faded") {
    Show show;
    show.edit({{"a", "counter", still}, {"out", "sink"}}, {"a -> out"});
    static_cast<Counter*>(show.playing->find("a"))->count = 1;
    show.run(4);
    auto changed = still;
    changed.emplace_back("channels", "2");
    show.edit({{"a", "counter", changed}, {"out", "sink"}}, {"a -> out"});
    static_cast<Counter*>(show.playing->find("a"))->count = -1;
    show.run(40);
    CHECK(show.heard[4 * 64 - 1] == 1);
    CHECK(show.heard.back() == -1);
    CHECK(show.largest_step(1) < 0.005f);  // 2 over 960 frames, at the cosine's steepest pi / 2 times the mean
    std::size_t moving = 0;
    for (const float x : show.heard) moving += x != 1 && x != -1;
    CHECK(moving > 900);  // about 20 ms
    CHECK(moving <= 960);
}

TEST_CASE("a wire that comes and one that goes are faded without a click") {
    Show show;
    const std::vector<Plain> nodes{{"a", "counter", still}, {"b", "counter", still}, {"out", "sink"}};
    show.edit(nodes, {"a -> out"});
    static_cast<Counter*>(show.playing->find("a"))->count = 1;
    static_cast<Counter*>(show.playing->find("b"))->count = 0.5f;
    show.run(4);
    show.edit(nodes, {"b -> out"});
    show.run(40);
    CHECK(show.heard.back() == 0.5f);
    CHECK(show.largest_step(1) < 0.002f);
}

TEST_CASE("where old and new wires together would make a loop, the old fade out before the new fade in") {
    Show show;
    const std::vector<Plain> nodes{{"s", "counter", still}, {"a", "level"}, {"b", "level"}, {"out", "sink"}};
    show.edit(nodes, {"s -> a -> b -> out"});
    static_cast<Counter*>(show.playing->find("s"))->count = 1;
    show.run(4);
    show.edit(nodes, {"s -> b -> a -> out"});
    show.run(80);
    CHECK(show.heard[255] == 1);
    CHECK(show.heard.back() == 1);
    CHECK(show.largest_step(1) < 0.004f);
}

TEST_CASE("a loop through a late input goes on over an edit without losing its block") {
    Show show;
    std::vector<Plain> nodes{
        {"one", "counter", still}, {"half", "level", {{"gain", "0.5"}}}, {"d", "late"}, {"out", "sink"}};
    show.edit(nodes, {"one -> half", "half -> d -> half", "half -> out"});
    static_cast<Counter*>(show.playing->find("one"))->count = 1;
    show.run(60);
    CHECK(show.heard.back() == doctest::Approx(1.0));  // x = (1 + x) / 2
    nodes.push_back({"extra", "counter", still});
    show.edit(nodes, {"one -> half", "half -> d -> half", "half -> out", "extra -> out"});
    show.run(40);
    CHECK(show.largest_step(60 * 64) < 1e-6f);
}

TEST_CASE("a param whose text changed takes the new value, any other keeps its live one") {
    Show show;
    show.edit({{"a", "level", {{"gain", "0.5"}}}, {"b", "level", {{"gain", "0.5"}}}}, {"a -> b"});
    auto checked = plain({{"a", "level", {{"gain", "0.7"}}}, {"b", "level", {{"gain", "0.5"}}}}, {"a -> b"});
    const auto compiled = compile(std::move(checked), {48'000, 1, show.store, {}}, &show.playing->plan(), &show.patch);
    REQUIRE(compiled.edits.size() == 1);
    CHECK(compiled.edits[0].name == "a/gain");
    CHECK(compiled.edits[0].value == doctest::Approx(0.7));
    CHECK(compiled.edits[0].param == &static_cast<Level*>(show.playing->find("a"))->gain);
}

TEST_CASE("a node that refuses leaves everything as it was, and says why at its setting") {
    Show show;
    show.edit({{"a", "counter"}, {"out", "sink"}}, {"a -> out"});
    show.run(2);
    const auto problems =
        show.edit({{"a", "counter"}, {"r", "refuses", {{"why", "no such thing"}}}, {"out", "sink"}}, {"a -> out"});
    CHECK(lines(problems) == std::vector<std::string>{"t.yaml:2:10: no such thing"});
    show.run(2);
    CHECK(show.heard.back() == 255);
}

TEST_CASE("a node's seed follows from the patch's and its id alone") {
    CHECK(hash_seed(7, "dream") == hash_seed(7, "dream"));
    CHECK(hash_seed(7, "dream") != hash_seed(8, "dream"));
    CHECK(hash_seed(7, "dream") != hash_seed(7, "dreams"));
    CHECK(hash_seed(7, "dream") != hash_seed(7, "dream", 1));
}

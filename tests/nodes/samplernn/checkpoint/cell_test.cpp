// The table of cells: what a player writes finds its cell everywhere, and every cell keeps what the engine relies on.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/checkpoint/cell.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "nodes/samplernn/checkpoint/random_network.h"

using namespace legume::samplernn;

TEST_CASE("a cell's word finds it in shapes and in checkpoints, and comes back out of both") {
    std::set<std::string> words, names;
    for (const auto& kind : cell_kinds()) {
        CAPTURE(kind.word);
        CHECK(words.insert(kind.word).second);
        CHECK(names.insert(kind.name).second);
        CHECK(&kind_of(kind.cell) == &kind);
        CHECK(find_cell(kind.word) == &kind);
        const auto shape = parse_shape("dim=16 layers=2 cell=" + std::string(kind.word));
        for (const auto& tier : shape.config.tiers) CHECK(tier.cell == kind.cell);
        CHECK(parse_shape(shape_text(shape)).config.tiers == shape.config.tiers);
        CHECK(Config::from_json(shape.config.json()).tiers == shape.config.tiers);
    }
    CHECK(find_cell("rnn") == nullptr);
}

TEST_CASE("every cell takes its input through w_ih and b_ih, and hands on h, a number for each unit") {
    for (const auto& kind : cell_kinds()) {
        CAPTURE(kind.word);
        CHECK(std::string(kind.states[0].name) == "h");
        CHECK(kind.states[0].size(24) == 24);
        Config config;
        config.dim = 24;
        config.tiers = {{4, kind.cell, 2}};
        config.top_projection = false;
        const auto shapes = expected_shapes(config);
        CHECK(shapes.at("tier.0.cell.0.w_ih") == Shape{kind.gates * 24, 4});
        CHECK(shapes.at("tier.0.cell.1.w_ih") == Shape{kind.gates * 24, 24});
        CHECK(shapes.at("tier.0.cell.1.b_ih") == Shape{kind.gates * 24});
        for (const auto& state : kind.states)
            CHECK(shapes.at("tier.0." + std::string(state.name) + "0") == Shape{2, state.size(24)});
    }
}

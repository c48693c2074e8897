// Nodes of plain arithmetic for the tests of the graph, and a way to build patches of them.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <initializer_list>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/compile.h"
#include "graph/control.h"
#include "tests/graph/declared.h"

namespace legume::test {

// Counts frames from 0, on `channels` channels: a click or a lost state shows at once.
struct Counter final : Node {
    Out out{this, "out", "The count."};
    NumberOption channels{this, "channels", {.min = 1, .max = 16, .initial = 1, .unit = Unit::count}, "Channels."};
    NumberOption slope{this, "slope", {.min = -10, .max = 10, .initial = 1}, "A frame's step."};
    Trigger again{this, "again", "Starts over."};
    float count = 0;
    int resets = 0;
    int channels_of(const Out&, int) const override { return channels.count(); }
    void process(const Block& b) noexcept RT_SAFE override {
        const auto edges = again.edges(b);
        for (int i = 0; i < block_frames; ++i) {
            if (edges >> i & 1) count = 0;
            for (int c = 0; c < out.channels(b); ++c) out.write(b, c)[static_cast<std::size_t>(i)] = count;
            count += slope.value();
        }
    }
    void reset() noexcept RT_SAFE override {
        count = 0;
        ++resets;
    }
};

// A level, set by a param: what a fader does.
struct Level final : Node {
    In in{this, "in", "Sound."};
    Out out{this, "out", "Sound."};
    Param gain{this, "gain", {.min = 0, .max = 2, .initial = 1}, "Factor."};
    void process(const Block& b) noexcept RT_SAFE override {
        for (int c = 0; c < out.channels(b); ++c) {
            const auto x = in.read(b, c);
            const auto y = out.write(b, c);
            const auto g = gain.ramp(b, c);
            for (int i = 0; i < block_frames; ++i)
                y[static_cast<std::size_t>(i)] = x[static_cast<std::size_t>(i)] * g[i];
        }
    }
};

// 64 frames late by being fed late, and no more: the shortest loop.
struct Late final : Node {
    In in{this, "in", {.feedback = true}, "Sound."};
    Out out{this, "out", "Sound, a block later."};
    int latency_frames() const override { return block_frames; }
    void process(const Block& b) noexcept RT_SAFE override {
        for (int c = 0; c < out.channels(b); ++c) {
            const auto x = in.read(b, c);
            const auto y = out.write(b, c);
            for (std::size_t i = 0; i < block_frames; ++i) y[i] = x[i];
        }
    }
};

// Puts a NaN and an infinity out whenever it is poked.
struct Poison final : Node {
    Out out{this, "out", "Bad sound."};
    Trigger poke{this, "poke", "Goes bad."};
    int resets = 0;
    void process(const Block& b) noexcept RT_SAFE override {
        const auto y = out.write(b, 0);
        for (auto& v : y) v = 0.25f;
        if (poke.fired(b)) {
            y[3] = std::numeric_limits<float>::quiet_NaN();
            y[9] = std::numeric_limits<float>::infinity();
        }
    }
    void reset() noexcept RT_SAFE override { ++resets; }
};

struct Sink final : Node {
    In in{this, "in", "Sound."};
    int channels_of(const In&) const override { return 2; }
    using Node::channels_of;
    int device_outputs() const override { return 2; }
    void process(const Block& b) noexcept RT_SAFE override {
        for (int c = 0; c < b.device_out().channels; ++c) {
            const auto x = in.read(b, c);
            for (std::size_t i = 0; i < block_frames; ++i) b.device_out().data[static_cast<std::size_t>(c)][i] += x[i];
        }
    }
};

struct Keys final : Node {
    Notes notes{this, "notes", "Keys."};
    Out out{this, "out", "How many notes this block had."};
    void process(const Block& b) noexcept RT_SAFE override {
        for (auto& v : out.write(b, 0)) v = static_cast<float>(notes.events(b).size());
    }
};

struct Refuses final : Node {
    TextOption why{this, "why", "", "Why."};
    Out out{this, "out", "Nothing."};
    void prepare(const Prepare&) override { throw PrepareError("why", why.value()); }
    void process(const Block&) noexcept RT_SAFE override {}
};

inline constexpr NodeType counter_type{"counter", "Counts.", make_node<Counter>};
inline constexpr NodeType level_type{"level", "Weighs.", make_node<Level>};
inline constexpr NodeType late_type{"late", "Waits.", make_node<Late>};
inline constexpr NodeType poison_type{"poison", "Goes bad.", make_node<Poison>};
inline constexpr NodeType sink_type{"sink", "Ends.", make_node<Sink>};
inline constexpr NodeType keys_type{"keys", "Counts notes.", make_node<Keys>};
inline constexpr NodeType refuses_type{"refuses", "Refuses.", make_node<Refuses>};
inline constexpr std::array<const NodeType*, 8> plain_types{&counter_type, &declared_type, &keys_type,    &late_type,
                                                            &level_type,   &poison_type,   &refuses_type, &sink_type};

struct Plain {
    std::string id, type;
    std::vector<std::pair<std::string, std::string>> settings = {};
};

// Node n stands in line n, its settings at column 10.
inline Patch plain_patch(const std::vector<Plain>& nodes, const std::vector<std::string>& wires,
                         Problems* wrong = nullptr) {
    Patch patch;
    patch.file = "t.yaml";
    int line = 0;
    for (const auto& node : nodes) {
        PatchNode text{node.id, node.type, {}, {"t.yaml", ++line, 3}, {"t.yaml", line, 6}};
        for (const auto& [name, value] : node.settings) {
            Value v;
            v.text = value;
            v.place = {"t.yaml", line, 10};
            text.settings.push_back({name, v, {"t.yaml", line, 8}});
        }
        patch.nodes.push_back(text);
    }
    Problems problems;
    for (const auto& wire : wires) parse_wires(wire, {"t.yaml", ++line, 5}, {}, patch, problems);
    if (wrong) *wrong = problems;
    return patch;
}
inline Checked plain(const std::vector<Plain>& nodes, const std::vector<std::string>& wires) {
    return check(plain_patch(nodes, wires), plain_types);
}
inline std::vector<std::string> lines(const Problems& problems) {
    std::vector<std::string> all;
    for (const auto& problem : problems) all.push_back(to_string(problem));
    return all;
}

}  // namespace legume::test

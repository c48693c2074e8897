// Every node of the registry, judged by its own declaration: nothing here knows what a node is for.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>
#include <set>

#include "tests/heap_trap.h"
#include "tests/nodes/every_node.h"

using namespace legume;
using namespace legume::test;

namespace {

bool sentence(const std::string& doc) {
    return doc.size() > 4 && doc.back() == '.' && !std::islower(static_cast<unsigned char>(doc[0])) &&
           doc.find(". ") == std::string::npos;
}

void fire_everything(Rig& rig) {
    for (const auto* trigger : rig.node("it").triggers()) rig.fire("it", trigger->name);
}

}  // namespace

TEST_CASE("the registry is alphabetical and has no name twice") {
    const auto types = node_types();
    REQUIRE(types.size() >= 15);
    for (std::size_t i = 1; i < types.size(); ++i) CHECK(std::string(types[i - 1]->name) < types[i]->name);
}

TEST_CASE("every node and every member is documented in one sentence, under a name of its own") {
    const Needs needs;
    for (const auto* type : swept_types()) {
        CAPTURE(type->name);
        CHECK(valid_id(type->name));
        CHECK(sentence(type->doc));
        std::set<std::string> names;
        const auto node = node_of(*type, needs);
        for (const auto* member : node->members()) {
            CAPTURE(member->name);
            CHECK(valid_id(member->name));
            CHECK(names.insert(member->name).second);
            CHECK(sentence(member->doc));
        }
    }
}

TEST_CASE("a node that has what its file says is swept with all of it") {
    const auto node = node_of(declared_type, {});
    CHECK(node->ins().size() == 2);
    CHECK(node->outs().size() == 2);
    CHECK(node->params().size() == 3);
    CHECK(node->triggers().size() == 1);
    CHECK(node->meters().size() == 1);
}

TEST_CASE("every range is a range, and begins inside itself") {
    const auto validate = [](const Range& range) {
        CHECK(range.min < range.max);
        CHECK(range.initial >= range.min);
        CHECK(range.initial <= range.max);
        CHECK((range.curve == Curve::linear || range.min > 0));
        CHECK(range.glide_seconds >= 0);
        for (const float share : {0.0f, 0.25f, 1.0f}) {
            const float value = range.denormalise(share);
            CHECK(value == range.clamp(value));
        }
    };
    const Needs needs;
    for (const auto* type : swept_types()) {
        CAPTURE(type->name);
        const auto node = node_of(*type, needs);
        for (const auto* param : node->params()) {
            CAPTURE(param->name);
            validate(param->range);
        }
        for (const auto* option : node->options())
            if (const auto* limits = option->limits()) {
                CAPTURE(option->name);
                validate(*limits);
            }
    }
}

TEST_CASE("every node plays with nothing wired to it") {
    each_playing([](const NodeType& type, const Needs& needs) {
        auto rig = rig_of(type, needs, 0);
        CHECK(finite(rig.run(9'600)));
        CHECK(rig.schedule().poisoned().empty());
    });
}

TEST_CASE("every node stays finite at the ends of its params, for any number of channels") {
    each_playing([](const NodeType& type, const Needs& needs) {
        for (const int channels : {1, 2, 8}) {
            CAPTURE(channels);
            const auto node = node_of(type, needs);
            const auto validate = [&](const std::function<float(const Param&)>& value) {
                auto rig = rig_of(type, needs, channels);
                for (const auto* param : node->params()) rig.set("it", param->name, value(*param));
                fire_everything(rig);
                CHECK(finite(rig.run(2'400)));
                CHECK(finite(rig.run(2'400, wide(noise(2'400, 1, 4)))));
                fire_everything(rig);
                CHECK(finite(rig.run(4'800, wide(impulses(4'800, 100)))));
                CHECK(rig.schedule().poisoned().empty());
            };
            validate([](const Param& p) { return p.range.min; });
            validate([](const Param& p) { return p.range.max; });
            if (sanitized && channels != 2) continue;
            for (const auto* one : node->params()) {
                CAPTURE(one->name);
                validate([&](const Param& p) { return &p == one ? p.range.min : p.range.initial; });
                validate([&](const Param& p) { return &p == one ? p.range.max : p.range.initial; });
            }
        }
    });
}

TEST_CASE("every node plays at every rate, mono to eight channels, and its tail leaves no denormals behind") {
    each_playing([](const NodeType& type, const Needs& needs) {
        for (const double rate : {44'100.0, 88'200.0, 192'000.0})
            for (const int channels : {1, 3, 8}) {
                if (sanitized && rate > 44'100) continue;
                CAPTURE(rate);
                CAPTURE(channels);
                auto rig = rig_of(type, needs, channels, {}, rate);
                fire_everything(rig);
                auto heard = rig.run(6'400, wide(noise(3'200), channels));
                CHECK(finite(heard));
                heard = rig.run(static_cast<std::size_t>(rate));
                CHECK(finite(heard));
                const auto denormal = [](float x) { return std::fpclassify(x) == FP_SUBNORMAL; };
                for (const auto& channel : heard) CHECK(std::none_of(channel.begin(), channel.end(), denormal));
                CHECK(rig.schedule().poisoned().empty());
            }
    });
}

TEST_CASE("every choice and flag of every node plays") {
    each_playing([](const NodeType& type, const Needs& needs) {
        const auto node = node_of(type, needs);
        for (const auto* option : node->options()) {
            std::vector<std::string> values = option->choices();
            if (option->type == Option::Type::flag) values = {"true", "false"};
            for (const auto& value : values) {
                CAPTURE(option->name);
                CAPTURE(value);
                auto rig = rig_of(type, needs, 2, {{option->name, value}});
                CHECK(finite(rig.run(4'800, wide(noise(4'800)))));
                CHECK(rig.schedule().poisoned().empty());
            }
        }
    });
}

TEST_CASE("after reset every node sounds as it did when fresh") {
    // Nothing of the first run is heard in the second: they have no memory, or nobody has played, fired or turned what
    // would fill it. Any other node must sound differently then, or its reset would be judged by nothing.
    const std::set<std::string> same_twice{
        "crossfade", "crush",       "cue",     "declared",       "distort",   "eq",        "gain",     "input",
        "looper",    "math",        "meter",   "midi-cc",        "midi-note", "mix",       "osc-send", "pan",
        "recorder",  "sample-hold", "sampler", "scale-quantise", "scan",      "sequencer", "slicer",   "stereo",
        "switch",    "vector"};
    each_playing([&](const NodeType& type, const Needs& needs) {
        auto rig = rig_of(type, needs, 2);
        auto sound = wide(noise(12'800), 2);
        for (auto& channel : sound) std::fill(channel.end() - 128, channel.end(), 0.0f);  // nothing waits at a late In
        const auto fresh = rig.run(12'800, sound);
        CHECK((rig.run(12'800, sound) == fresh) == same_twice.contains(type.name));
        rig.node("it").reset();
        rig.rewind();
        CHECK(rig.run(12'800, sound) == fresh);
    });
}

TEST_CASE("the same seed gives the same bytes") {
    each_playing([](const NodeType& type, const Needs& needs) {
        const auto sound = wide(noise(12'800), 2);
        CHECK(rig_of(type, needs, 2).run(12'800, sound) == rig_of(type, needs, 2).run(12'800, sound));
    });
}

TEST_CASE("values beyond all measure do not stay in a node") {
    each_playing([](const NodeType& type, const Needs& needs) {
        auto rig = rig_of(type, needs, 2);
        Samples blow(4'800, 3.4e38f);
        for (std::size_t i = 0; i < blow.size(); i += 3) blow[i] = -3.4e38f;
        rig.run(4'800, wide(blow, 2));
        rig.run(48'000 * (sanitized ? 5 : 20));
        rig.schedule().poisoned();
        CHECK(finite(rig.run(4'800, wide(noise(4'800), 2))));
        CHECK(rig.schedule().poisoned().empty());
    });
}

TEST_CASE("no node touches heap, locks or files while it plays") {
    if (!HeapTrap::sees) return;
    each_playing([](const NodeType& type, const Needs& needs) {
        auto rig = rig_of(type, needs, 2);
        rig.trap = true;
        rig.run(4'800, wide(noise(4'800), 2));
        for (int round = 0; round < 4; ++round) {
            for (const auto* param : rig.node("it").params())
                rig.set("it", param->name, round % 2 ? param->range.min : param->range.max);
            fire_everything(rig);
            rig.run(1'280, wide(noise(1'280), 2));
            rig.node("it").reset();
        }
        CHECK(rig.sprung == 0);
    });
}

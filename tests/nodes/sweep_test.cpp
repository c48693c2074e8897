// Every node of the registry, judged by its own declaration: nothing here knows what a node is for.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <set>

#include "nodes/dsp/random.h"
#include "nodes/registry.h"
#include "nodes/samplernn/model.h"
#include "tests/harness.h"
#include "tests/heap_trap.h"

using namespace legume;
using namespace legume::test;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

// What nodes need from the disk, in a folder of its own.
struct Needs {
    Folder folder;
    Needs() {
        write_wav(folder / "sound.wav", {noise(6'000, 1, 0.5f), noise(6'000, 2, 0.5f)}, 44'100);
        samplernn::Checkpoint tiny;
        tiny.config.tiers = {{2}, {4}};
        tiny.config.dim = 8;
        tiny.config.levels = 16;
        tiny.config.embedding = 4;
        std::uint64_t drawn = 0;
        for (const auto& [name, shape] : samplernn::expected_shapes(tiny.config)) {
            samplernn::Tensor tensor{shape, {}};
            for (std::int64_t i = 0; i < samplernn::count(shape); ++i)
                tensor.values.push_back(static_cast<float>(dsp::random_uniform(3, 0, drawn++) - 0.5));
            tiny.tensors[name] = tensor;
        }
        samplernn::write_checkpoint(folder / "tiny.safetensors", tiny, samplernn::Storage::f32);
    }
    // For each required option; a node with another one says so by a problem of its patch.
    Settings of(const NodeType& type) const {
        const auto node = type.make();
        Settings settings;
        for (const auto* option : node->options())
            if (option->required) settings.emplace_back(option->name, value(type.name, option->name));
        return settings;
    }
    std::string value(const std::string& type, const std::string& option) const {
        if (option.starts_with("model")) return folder.path.string();
        if (type == "recorder") return (folder / "take.wav").string();
        return (folder / "sound.wav").string();
    }
};

// The node as `it`, with a device of `inputs` channels into each of its Ins (none: nothing wired) and every Out tapped.
Rig rig_of(const NodeType& type, const Needs& needs, int inputs, Settings settings = {}) {
    for (const auto& need : needs.of(type)) settings.push_back(need);
    const auto node = type.make();
    std::vector<NodeText> nodes{{"it", type.name, settings}, {"t", "tap", {}}};
    std::vector<std::string> wires;
    for (const auto* in : node->ins()) {
        if (inputs == 0) break;
        const int channels = std::min({inputs, in->shape.channels, node->channels_of(*in)});
        const std::string id = "device" + std::to_string(channels);
        if (std::none_of(nodes.begin(), nodes.end(), [&](const NodeText& text) { return text.id == id; }))
            nodes.push_back({id, "input", {{"channels", std::to_string(channels)}}});
        wires.push_back(id + " -> it." + in->name);
    }
    for (const auto* out : node->outs()) wires.push_back("it." + out->name + " -> t");
    return Rig(nodes, wires, {.inputs = std::max(inputs, 1), .outputs = 16});
}

Channels wide(const Samples& x, int channels = 8) { return Channels(static_cast<std::size_t>(channels), x); }

Samples impulses(std::size_t frames, float height) {
    Samples x(frames, 0.0f);
    for (std::size_t i = 0; i < frames; i += 777) x[i] = height;
    return x;
}

// These make no sound, and their patch would have to have scenes.
bool wants_scenes(const NodeType& type) {
    const auto node = type.make();
    const auto& options = node->options();
    return std::any_of(options.begin(), options.end(),
                       [](const Option* option) { return option->type == Option::Type::scenes; });
}

// Every node that plays, by name.
template <class Judge>
void each_playing(Judge judge) {
    const Needs needs;
    for (const auto* type : node_types()) {
        if (type->make()->offline() || wants_scenes(*type)) continue;
        CAPTURE(type->name);
        judge(*type, needs);
    }
}

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
    for (const auto* type : node_types()) {
        CAPTURE(type->name);
        CHECK(valid_id(type->name));
        CHECK(sentence(type->doc));
        std::set<std::string> names;
        const auto node = type->make();
        for (const auto* member : node->members()) {
            CAPTURE(member->name);
            CHECK(valid_id(member->name));
            CHECK(names.insert(member->name).second);
            CHECK(sentence(member->doc));
        }
    }
}

TEST_CASE("every range is a range, and begins inside itself") {
    const auto judge = [](const Range& range) {
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
    for (const auto* type : node_types()) {
        CAPTURE(type->name);
        const auto node = type->make();
        for (const auto* param : node->params()) {
            CAPTURE(param->name);
            judge(param->range);
        }
        for (const auto* option : node->options())
            if (const auto* limits = option->limits()) {
                CAPTURE(option->name);
                judge(*limits);
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
            const auto node = type.make();
            const auto judge = [&](const std::function<float(const Param&)>& value) {
                auto rig = rig_of(type, needs, channels);
                for (const auto* param : node->params()) rig.set("it", param->name, value(*param));
                fire_everything(rig);
                CHECK(finite(rig.run(2'400)));
                CHECK(finite(rig.run(2'400, wide(noise(2'400, 1, 4)))));
                fire_everything(rig);
                CHECK(finite(rig.run(4'800, wide(impulses(4'800, 100)))));
                CHECK(rig.schedule().poisoned().empty());
            };
            judge([](const Param& p) { return p.range.min; });
            judge([](const Param& p) { return p.range.max; });
            for (const auto* one : node->params()) {
                CAPTURE(one->name);
                judge([&](const Param& p) { return &p == one ? p.range.min : p.range.initial; });
                judge([&](const Param& p) { return &p == one ? p.range.max : p.range.initial; });
            }
        }
    });
}

TEST_CASE("every choice and flag of every node plays") {
    each_playing([](const NodeType& type, const Needs& needs) {
        const auto node = type.make();
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
    each_playing([](const NodeType& type, const Needs& needs) {
        auto rig = rig_of(type, needs, 2);
        auto sound = wide(noise(12'800), 2);
        for (auto& channel : sound) std::fill(channel.end() - 128, channel.end(), 0.0f);  // nothing waits at a late In
        const auto fresh = rig.run(12'800, sound);
        CHECK(rig.run(12'800, sound) != Channels{});
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
        rig.run(48'000 * 20);
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

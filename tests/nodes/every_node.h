// What tests that sweep over every node share: what nodes need from the disk, and each in a rig of its own.
// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "graph/abilities.h"
#include "nodes/dsp/random.h"
#include "nodes/registry.h"
#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/train/train.h"
#include "nodes/sound/sound_file.h"
#include "tests/graph/declared.h"
#include "tests/harness.h"

namespace legume::test {

using Settings = std::vector<std::pair<std::string, std::string>>;

// What nodes need from the disk, in a folder of its own.
struct Needs {
    Folder folder;
    Needs() {
        write_wav(folder / "sound.wav", {noise(6'000, 1, 0.5f), noise(6'000, 2, 0.5f)}, 44'100);
        std::filesystem::create_directories(folder / "run/takes");
        for (const auto* name : {"00000010-young.flac", "00000020-old.flac"}) {
            SoundWriter take(folder / "run/takes" / name, 16'000, 1, SoundFormat::flac_16);
            take.write(noise(16'000, 3, 0.5f));
            take.finish();
        }
        std::ofstream(folder / "run/picks.yaml") << "picks:\n  - takes/00000020-old.flac\n";
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
        std::ofstream(folder / "declared.txt") << "in left\nin right\nout wet\nout dry\nparam drive 0 10 1 dB\nparam "
                                                  "tone 0.1 4 1\ntrigger flip\nmeter level\n";
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
        if (option == "run") return (folder / "run").string();
        if (type == declared_type.name) return (folder / "declared.txt").string();
        if (type == "recorder") return (folder / "take.wav").string();
        return (folder / "sound.wav").string();
    }
};

// The registry, and a node that has what its file says.
inline const std::vector<const NodeType*>& swept_types() {
    static const std::vector<const NodeType*> types = [] {
        const auto all = node_types();
        std::vector<const NodeType*> list(all.begin(), all.end());
        list.push_back(&declared_type);
        return list;
    }();
    return types;
}

// As it is in a patch that says no more of it than it must.
inline std::shared_ptr<const Node> node_of(const NodeType& type, const Needs& needs) {
    return check(make_patch({{"it", type.name, needs.of(type)}}, {}), test_types()).nodes.front();
}

// The node as `it`, with a device of `inputs` channels into each of its Ins (none: nothing wired) and every Out tapped.
inline Rig rig_of(const NodeType& type, const Needs& needs, int inputs, Settings settings = {}, double rate = 48'000) {
    for (const auto& need : needs.of(type)) settings.push_back(need);
    const auto node = node_of(type, needs);
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
    return Rig(nodes, wires, {.rate = rate, .inputs = std::max(inputs, 1), .outputs = 16});
}

inline Channels wide(const Samples& x, int channels = 8) { return Channels(static_cast<std::size_t>(channels), x); }

inline Samples impulses(std::size_t frames, float height) {
    Samples x(frames, 0.0f);
    for (std::size_t i = 0; i < frames; i += 777) x[i] = height;
    return x;
}

// These make no sound, and their patch would have to have scenes.
inline bool wants_scenes(const NodeType& type) {
    const auto node = type.make();
    const auto& options = node->options();
    return std::any_of(options.begin(), options.end(),
                       [](const Option* option) { return option->type == Option::Type::scenes; });
}

// It idles while a patch plays.
inline bool trains(const NodeType& type) { return as<samplernn::Trainee>(*type.make()) != nullptr; }

// Every node that plays, by name.
template <class Judge>
void each_playing(Judge judge) {
    const Needs needs;
    for (const auto* type : swept_types()) {
        if (trains(*type) || wants_scenes(*type)) continue;
        CAPTURE(type->name);
        judge(*type, needs);
    }
}

}  // namespace legume::test

// Every knob of every node is turned from end to end over a steady sound, and none may click.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "tests/nodes/every_node.h"

using namespace legume;
using namespace legume::test;

namespace {

constexpr double rate = 48'000;
// No step may be larger than so many times the largest that the sound makes by itself, at either end or in the middle.
constexpr double factor = 3;

// Params that are meant to step, or whose node's sound is steps, as node.param or node, and why.
const std::map<std::string, std::string> exceptions{};

// Where a steady sound goes in: gates are open, all else hears a sine.
struct Steady {
    Folder folder;
    Needs needs;
    Steady() { write_wav(folder / "tone.wav", {sine(220.5, 44'100, 44'100, 0.4f)}, 44'100); }
    Rig rig(const NodeType& type) const {
        Settings settings;
        const auto node = type.make();
        for (const auto& [name, value] : needs.of(type)) {
            const bool sound = value == (needs.folder / "sound.wav").string();
            settings.emplace_back(name, sound ? (folder / "tone.wav").string() : value);
        }
        std::vector<NodeText> nodes{{"tone", "input", {}},
                                    {"open", "math", {{"expression", "1"}}},
                                    {"it", type.name, settings},
                                    {"t", "tap", {}}};
        std::vector<std::string> wires;
        for (const auto* in : node->ins())
            wires.push_back((in->name == "gate" ? "open -> it." : "tone -> it.") + in->name);
        if (!node->outs().empty()) wires.push_back("it." + node->outs().front()->name + " -> t");
        return Rig(nodes, wires, {.rate = rate, .inputs = 1});
    }
};

}  // namespace

TEST_CASE("no knob of any node clicks on its way from end to end and back") {
    const Steady steady;
    for (const auto* type : node_types()) {
        if (type->make()->offline() || wants_scenes(*type) || exceptions.count(type->name)) continue;
        if (type->make()->outs().empty()) continue;
        const auto node = type->make();
        for (const auto* param : node->params()) {
            const auto name = std::string(type->name) + "." + param->name;
            if (exceptions.count(name)) continue;
            auto rig = steady.rig(*type);
            const auto turn = static_cast<std::size_t>(rate / 2);
            std::size_t played = 0;
            const auto play = [&](std::size_t frames) {
                Samples in(frames);
                for (std::size_t i = 0; i < frames; ++i)
                    in[i] = 0.4f * static_cast<float>(
                                       std::sin(2 * 3.141592653589793 * 220 * static_cast<double>(played + i) / rate));
                played += frames;
                return rig.run(frames, {in})[0];
            };
            play(turn);
            double own = 0, moving = 0;
            own = largest_step(play(turn));
            for (const float share : {1.0f, 0.0f, 0.5f, 1.0f, 0.5f, 0.0f}) {
                rig.set("it", param->name, param->range.denormalise(share));
                const auto way = play(turn), there = play(turn);
                moving = std::max(moving, largest_step(way));
                own = std::max(own, largest_step(there));
            }
            CAPTURE(name);
            CHECK(moving <= factor * own + 1e-3);
            if (moving > factor * own + 1e-3) MESSAGE(name << ": " << moving << " against " << own);
        }
    }
}

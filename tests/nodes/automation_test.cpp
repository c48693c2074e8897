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
// No step may be larger than so many times the largest that the sound makes by itself where the knob rests, and a few
// times what a straight way through all that was heard takes in the knob's own glide (or 5 ms, a node's own fade).
constexpr double factor = 3, ways = 6, fade_seconds = 0.005;

// Params that are meant to step, or whose node's sound is steps, as node.param or node, and why.
const std::map<std::string, std::string> exceptions{
    {"crush.bits", "coarse steps are what it is for"},
    {"delay.time", "from five seconds to none in a fifth of one it runs through its tape at 25 times the speed"},
};

// Where a steady sound goes in: gates are open, all else hears a sine.
struct Steady {
    Folder folder;
    Needs needs;
    Steady() { write_wav(folder / "tone.wav", {sine(220.5, 44'100, 44'100, 0.4f)}, 44'100); }
    Rig rig(const NodeType& type) const {
        Settings settings;
        const auto node = node_of(type, needs);
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
    const auto turn = static_cast<std::size_t>(rate / (sanitized ? 32 : 4));  // so short a turn judges no steps
    for (const auto* type : swept_types()) {
        const auto node = node_of(*type, steady.needs);
        if (trains(*type) || wants_scenes(*type) || node->outs().empty()) continue;
        for (const auto* param : node->params()) {
            const auto name = std::string(type->name) + "." + param->name;
            if (exceptions.count(name) || exceptions.count(type->name)) continue;
            auto rig = steady.rig(*type);
            std::size_t played = 0;
            Samples all;
            const auto play = [&](std::size_t frames) {
                Samples in(frames);
                for (auto& x : in)
                    x = 0.4f * static_cast<float>(std::sin(0.0287979326579 * static_cast<double>(played++)));
                const auto heard = rig.run(frames, {in})[0];
                all.insert(all.end(), heard.begin(), heard.end());
                return largest_step(heard);
            };
            const bool records = node->find("record") && node->find("record")->kind == Member::Kind::trigger;
            for (int begin = 0; begin < 2; ++begin) {  // whatever begins has begun, and a loop is closed
                if (records) rig.fire("it", "record");
                play(turn);
            }
            all.clear();
            double own = play(turn), moving = 0;
            for (const float share : {1.0f, 0.0f, 0.5f, 1.0f, 0.5f, 0.0f}) {
                rig.set("it", param->name, param->range.denormalise(share));
                moving = std::max(moving, play(turn));
                own = std::max(own, play(turn));
            }
            const auto [least, most] = std::minmax_element(all.begin(), all.end());
            const double frames = std::max(static_cast<double>(param->range.glide_seconds), fade_seconds) * rate;
            const double allowed = factor * own + ways * (double{*most} - double{*least}) / frames;
            CAPTURE(name);
            CHECK_MESSAGE((sanitized || moving <= allowed), "its largest step is ", moving, ", and ", own,
                          " where it rests");
        }
    }
}

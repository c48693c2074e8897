// Patches as values: equality, differences, and the small language of wires.
// SPDX-License-Identifier: MIT
#include "graph/patch/patch.h"

#include <algorithm>

namespace legume {

const PatchNode* Patch::find(std::string_view id) const {
    for (const auto& node : nodes)
        if (node.id == id) return &node;
    return nullptr;
}

std::vector<std::string> Patch::watched() const {
    auto all = files;
    for (const auto& node : nodes) all.insert(all.end(), node.declared_by.begin(), node.declared_by.end());
    return all;
}

void parse_wires(std::string_view text, const Place& place, std::optional<float> depth, Patch& patch,
                 Problems& problems) {
    std::vector<std::optional<Endpoint>> ends;
    std::size_t at = 0;
    while (true) {
        const auto arrow = text.find("->", at);
        const auto part = text.substr(at, arrow == text.npos ? text.npos : arrow - at);
        ends.push_back(parse_endpoint(part, moved(place, at), problems));
        if (arrow == text.npos) break;
        at = arrow + 2;
    }
    if (ends.size() < 2) {
        if (ends[0]) problems.push_back({place, "a wire needs an arrow; write " + ends[0]->node + " -> other"});
        return;
    }
    for (std::size_t i = 0; i + 1 < ends.size(); ++i)
        if (ends[i] && ends[i + 1]) {
            // In a chain, a middle part is an In when it is reached and the node's first Out when it is left.
            Endpoint from = *ends[i];
            if (i > 0) from.member.clear();
            patch.wires.push_back({from, *ends[i + 1], depth, ends[i]->place});
        }
}

bool Diff::empty() const {
    return added.empty() && removed.empty() && replaced.empty() && changed.empty() && !wires && !bindings && !scenes &&
           !cues && !settings;
}

Diff diff(const Patch& before, const Patch& after) {
    Diff d;
    for (const auto& node : before.nodes)
        if (!after.find(node.id)) d.removed.push_back(node.id);
    for (const auto& node : after.nodes) {
        const auto* old = before.find(node.id);
        if (!old) {
            d.added.push_back(node.id);
        } else if (old->type != node.type || old->declared != node.declared) {
            d.replaced.push_back(node.id);
        } else {
            for (const auto& setting : node.settings) {
                const auto* was = old->find(setting.name);
                if (!was || !(was->value == setting.value)) d.changed.emplace_back(node.id, setting.name);
            }
            for (const auto& setting : old->settings)
                if (!node.find(setting.name)) d.changed.emplace_back(node.id, setting.name);
        }
    }
    d.wires = before.wires != after.wires;
    d.bindings = before.bindings != after.bindings;
    d.scenes = before.scenes != after.scenes;
    d.cues = before.cues != after.cues;
    d.settings = before.seed != after.seed || before.tempo != after.tempo || before.bar_beats != after.bar_beats ||
                 before.clock != after.clock || before.sends != after.sends ||
                 before.length_seconds != after.length_seconds;
    return d;
}

}  // namespace legume

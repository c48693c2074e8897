// Along each param's own way: first between the scenes of a row, then between the rows.
// SPDX-License-Identifier: MIT
#include "host/control/morphs.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "graph/check.h"

namespace legume {
namespace {

std::optional<float> value_in(const Scene& scene, const Target& target) {
    for (const auto& [to, value] : scene.values)
        if (name_of(to) == target.name) return parse_quantity(value.text, target.param()->range.unit).value;
    return {};
}

}  // namespace

Morphs::Morphs(Controls& controls) : Follower(controls) {
    controls_.on_change([this](const Target& target, float, std::string_view source) { moved(target, source); });
    bind(false);
}

void Morphs::bind(bool another) {
    morphs_.clear();
    if (another) stands_.clear();
    const auto& plan = controls_.runner().schedule().plan();
    const auto& scenes = controls_.runner().patch().scenes;
    for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
        const auto* option = scenes_of(*plan.nodes[i]);
        if (!option) continue;
        Morph morph;
        morph.source = "morph " + plan.ids[i];
        for (const auto* param : plan.nodes[i]->params())
            if (const auto* hand = controls_.find(plan.ids[i] + "/" + param->name)) morph.hands.push_back(*hand);
        std::vector<const Scene*> corners;
        for (const auto& name : option->names())
            for (const auto& scene : scenes)
                if (scene.name == beside(plan.ids[i], name.text)) corners.push_back(&scene);
        morph.scenes = corners.size();
        if (morph.hands.size() < 2 || corners.size() < 2) continue;
        for (const auto& target : controls_.targets()) {
            if (!target.param()) continue;
            Way way{target, {}};
            bool named = false;
            for (std::size_t c = 0; c < corners.size(); ++c) {
                const auto value = value_in(*corners[c], target);
                named = named || value;
                way.corners[c] = value.value_or(target.param()->own());
            }
            if (named) morph.ways.push_back(way);
        }
        const Stand now{morph.hands[0].param()->own(), morph.hands[1].param()->own(), {}};
        stands_.try_emplace(morph.source, now);
        morphs_.push_back(std::move(morph));
    }
}

void Morphs::moved(const Target& target, std::string_view source) {
    for (const auto& morph : morphs_) {
        if (source == morph.source) continue;
        auto& stand = stands_[morph.source];
        const auto is_it = [&](const Target& hand) { return hand.name == target.name; };
        if (std::any_of(morph.hands.begin(), morph.hands.end(), is_it))
            stand.taken.clear();
        else
            stand.taken.insert(target.name);
    }
}

float Morphs::between(const Morph& morph, const Way& way, float x, float y) {
    const auto& range = way.target.param()->range;
    const float low = range.between(way.corners[0], way.corners[1], x);
    if (morph.scenes == 2) return low;
    return range.between(low, morph.scenes == 3 ? way.corners[2] : range.between(way.corners[2], way.corners[3], x), y);
}

// What the hands show, glides and wires with it, so that the way there is heard too.
void Morphs::tick() {
    for (const auto& morph : morphs_) {
        auto& stand = stands_[morph.source];
        const float x = morph.hands[0].param()->shown(), y = morph.hands[1].param()->shown();
        if (x == stand.x && y == stand.y) continue;
        stand.x = x;
        stand.y = y;
        for (const auto& way : morph.ways)
            if (!stand.taken.count(way.target.name))
                controls_.move(way.target, between(morph, way, x, y), morph.source);
    }
}

}  // namespace legume

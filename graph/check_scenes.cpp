// Whether scenes, what goes between them, and cues name what there is, and values that it can take.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <map>

#include "graph/builtin_nodes.h"
#include "graph/check.h"

namespace legume {
namespace {

struct ScenesChecker {
    Checked& c;
    // Whether `to` is a param that can take this value.
    bool takes(const Endpoint& to, const Value& value, Problems& problems) const {
        const auto* member = find_member(c, to, {Member::Kind::param}, "param", problems);
        if (!member) return false;
        const auto& range = static_cast<const Param*>(member)->range;
        const auto read = parse_quantity(value.text, range.unit);
        if (!read.value)
            problems.push_back({value.place, to_string(to) + ": " + read.error});
        else if (*read.value < range.min || *read.value > range.max)
            problems.push_back(
                {value.place, to_string(to) + ": " + range.print(*read.value) + " is outside " + range.limits()});
        else
            return true;
        return false;
    }
    void find_scene(const std::string& name, const Place& place) {
        std::vector<std::string> names;
        for (const auto& scene : c.patch.scenes) names.push_back(scene.name);
        if (std::find(names.begin(), names.end(), name) != names.end()) return;
        c.problems.push_back(
            {place, "there is no scene \"" + name + "\"; " + instead_of(name, names, "add it under `scenes:`")});
    }

    void check(Scene& scene) {
        auto& problems = scene.stored ? c.notices : c.problems;
        const auto wrong = [&](const auto& entry) {
            const auto& [to, value] = entry;
            if (!takes(to, value, problems)) return true;
            if (builtin_node(to.node) || !scenes_of(*c.nodes[find_node(c, to, problems)])) return false;
            problems.push_back({to.place, to.node + " moves between scenes, so that none can move it; bind it, or "
                                                    "set it by a cue"});
            return true;
        };
        auto& values = scene.values;
        if (scene.stored)  // the rest of it is still wanted
            values.erase(std::remove_if(values.begin(), values.end(), wrong), values.end());
        else
            std::for_each(values.begin(), values.end(), wrong);
    }
    void check_programs() {
        std::map<int, const Scene*> by_program;
        for (const auto& scene : c.patch.scenes) {
            if (!scene.program) continue;
            const auto [other, fresh] = by_program.emplace(*scene.program, &scene);
            if (!fresh)
                c.problems.push_back({scene.place, "program " + std::to_string(*scene.program) + " recalls " +
                                                       other->second->name + " already; give " + scene.name +
                                                       " another"});
        }
    }
    void check(const Cue& cue) {
        switch (cue.kind) {
            case Cue::Kind::set: takes(cue.to, cue.value, c.problems); break;
            case Cue::Kind::fire: find_member(c, cue.to, {Member::Kind::trigger}, "trigger", c.problems); break;
            case Cue::Kind::scene: find_scene(cue.name, cue.place); break;
            case Cue::Kind::patch: break;  // its file is looked for where it is read
        }
    }
};

}  // namespace

const ScenesOption* scenes_of(const Declaration& node) {
    for (const auto* option : node.options())
        if (option->type == Option::Type::scenes) return static_cast<const ScenesOption*>(option);
    return nullptr;
}

std::string beside(const std::string& id, const std::string& scene) {
    const auto slash = id.rfind('/');
    return slash == id.npos ? scene : id.substr(0, slash + 1) + scene;
}

void check_scenes(Checked& checked) {
    ScenesChecker checker{checked};
    for (auto& scene : checked.patch.scenes) checker.check(scene);
    checker.check_programs();
    for (std::size_t i = 0; i < checked.nodes.size(); ++i)
        if (const auto* option = scenes_of(*checked.nodes[i]))
            for (const auto& name : option->names())
                checker.find_scene(beside(checked.patch.nodes[i].id, name.text), name.place);
    for (const auto& cue : checked.patch.cues) checker.check(cue);
}

}  // namespace legume

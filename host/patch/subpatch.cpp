// Renames what a patch within a patch holds, and leads wires and bindings through its ports.
// SPDX-License-Identifier: MIT
#include "host/patch/subpatch.h"

#include <algorithm>
#include <map>

#include "graph/builtin_nodes.h"
#include "host/patch/yaml.h"

namespace legume {
namespace {

// What stands behind a node of type patch.
struct Strip {
    std::string file;
    std::map<std::string, Endpoint> ports;
};

std::vector<std::string> names_of(const std::map<std::string, Endpoint>& ports) {
    std::vector<std::string> names;
    for (const auto& [name, end] : ports) names.push_back(name);
    return names;
}

class Flattener {
  public:
    Flattener(Patch& patch, Problems& problems, const std::function<LoadedPatch(const std::filesystem::path&)>& load)
        : patch_(patch), problems_(problems), load_(load) {}

    void run() {
        const auto is_patch = [](const PatchNode& node) { return node.type == "patch"; };
        auto texts = std::exchange(patch_.nodes, {});
        auto wires = std::exchange(patch_.wires, {});
        auto bindings = std::exchange(patch_.bindings, {});
        auto scenes = std::exchange(patch_.scenes, {});
        auto cues = std::exchange(patch_.cues, {});
        for (auto& text : texts) {
            if (is_patch(text))
                unpack(text);
            else
                patch_.nodes.push_back(std::move(text));
        }
        for (auto& wire : wires)
            if (lead(wire.from, "out") && lead(wire.to, "in")) patch_.wires.push_back(std::move(wire));
        for (auto& binding : bindings)
            if (lead(binding.to, "in")) patch_.bindings.push_back(std::move(binding));
        for (auto& scene : scenes) {
            auto values = std::exchange(scene.values, {});
            for (auto& value : values)
                if (lead(value.first, "in")) scene.values.push_back(std::move(value));
            patch_.scenes.push_back(std::move(scene));
        }
        for (auto& cue : cues)
            if (cue.to.node.empty() || lead(cue.to, "in")) patch_.cues.push_back(std::move(cue));
        for (auto& send : patch_.sends) {
            auto values = std::exchange(send.values, {});
            for (auto& value : values)
                if (lead(value, "out")) send.values.push_back(std::move(value));
        }
        read_ports();
        if (patch_.nodes.size() <= max_patch_nodes) return;
        patch_.nodes.resize(max_patch_nodes);
        problem({patch_.file, 1, 1}, "this patch and those within it have more than " +
                                         std::to_string(max_patch_nodes) + " nodes; play fewer of them");
    }

  private:
    void problem(const Place& place, std::string message) { problems_.push_back({place, std::move(message)}); }

    void unpack(const PatchNode& text) {
        auto& strip = strips_[text.id];
        for (const auto& setting : text.settings)
            if (setting.name != "file" && setting.name != "with")
                problem(setting.place, "a patch within a patch has no \"" + setting.name +
                                           "\"; it has file and with, such as `with: {tone.cutoff: 2 kHz}`");
        const auto* file = text.find("file");
        if (!file || file->value.kind != Value::Kind::text)
            return problem(file ? file->value.place : text.place,
                           text.id + " does not say which patch it plays; add `file: strip.yaml`");
        const auto& place = file->value.place;
        const auto path = (std::filesystem::path(place.file).parent_path() / std::filesystem::path(file->value.text))
                              .lexically_normal();
        strip.file = file->value.text;
        auto inner = load_(path);
        for (auto& found : inner.patch.files) patch_.files.push_back(std::move(found));
        patch_.texts.merge(inner.patch.texts);
        for (auto& found : inner.problems)  // what has no line is about the file as a whole, which this line names
            problem(found.place.line ? found.place : place,
                    (found.place.line ? "" : file->value.text + ": ") + found.message);
        if (!inner.readable) return;
        if (const auto* with = text.find("with")) set(inner.patch, with->value, strip.file);
        const auto within = [&](const std::string& id) {  // there is but one transport, and one setlist
            return builtin_node(id) ? id : text.id + "/" + id;
        };
        for (auto& node : inner.patch.nodes) {
            node.id = within(node.id);
            patch_.nodes.push_back(std::move(node));
        }
        for (auto& wire : inner.patch.wires) {
            wire.from.node = within(wire.from.node);
            wire.to.node = within(wire.to.node);
            patch_.wires.push_back(std::move(wire));
        }
        for (auto& binding : inner.patch.bindings) {
            binding.to.node = within(binding.to.node);
            patch_.bindings.push_back(std::move(binding));
        }
        for (auto& scene : inner.patch.scenes) {
            scene.name = within(scene.name);
            for (auto& value : scene.values) value.first.node = within(value.first.node);
            scene.program.reset();  // programs are for the piece as a whole
            patch_.scenes.push_back(std::move(scene));
        }
        for (auto& cue : inner.patch.cues) {
            if (cue.kind == Cue::Kind::patch) continue;  // the piece as a whole goes on to another, and no part of it
            if (cue.kind == Cue::Kind::scene) cue.name = within(cue.name);
            if (!cue.to.node.empty()) cue.to.node = within(cue.to.node);
            patch_.cues.push_back(std::move(cue));
        }
        for (const auto& port : inner.patch.ports)
            if (auto end = parse_endpoint(port.value.text, port.value.place, problems_)) {
                end->node = within(end->node);
                strip.ports[port.name] = *end;
            }
    }

    // `with:` stands in the outer text, so that a file named there is relative to it.
    void set(Patch& inner, const Value& with, const std::string& file) {
        if (with.kind != Value::Kind::map)
            return problem(with.place, "with must be a map, such as `with: {tone.cutoff: 2 kHz}`");
        for (const auto& [name, value] : with.entries) {
            const auto port = std::find_if(inner.ports.begin(), inner.ports.end(),
                                           [&, key = &name](const Setting& one) { return one.name == *key; });
            const auto end =
                parse_endpoint(port != inner.ports.end() ? port->value.text : name, value.place, problems_);
            if (!end) continue;
            const auto node = std::find_if(inner.nodes.begin(), inner.nodes.end(),
                                           [&](const PatchNode& one) { return one.id == end->node; });
            if (node == inner.nodes.end() || end->member.empty()) {
                std::vector<std::string> ids;
                for (const auto& one : inner.nodes) ids.push_back(one.id);
                problem(value.place, "with: " + file + " has no \"" + name +
                                         "\"; write node.setting, of one of its nodes " + join(ids));
                continue;
            }
            const auto setting = std::find_if(node->settings.begin(), node->settings.end(),
                                              [&](const Setting& one) { return one.name == end->member; });
            if (setting != node->settings.end())
                *setting = {end->member, value, value.place};
            else
                node->settings.push_back({end->member, value, value.place});
        }
    }

    // To where the end really is; false when there is no such port, which has been said.
    bool lead(Endpoint& end, const std::string& bare) {
        const auto found = strips_.find(end.node);
        if (found == strips_.end()) return true;
        const auto& strip = found->second;
        const auto name = end.member.empty() ? bare : end.member;
        const auto port = strip.ports.find(name);
        if (port != strip.ports.end()) {
            const auto place = end.place;
            end = port->second;
            end.place = place;
            return true;
        }
        if (!strip.file.empty())
            problem(end.place,
                    strip.ports.empty()
                        ? strip.file + " has no ports; add `ports: {in: tone, out: tone}` to it, with its own nodes"
                        : strip.file + " has no port \"" + name + "\"; it has " + join(names_of(strip.ports)));
        return false;
    }

    // A port may be that of a patch further within.
    void read_ports() {
        for (auto& port : patch_.ports) {
            auto end = parse_endpoint(port.value.text, port.value.place, problems_);
            if (!end) continue;
            if (lead(*end, port.name)) port.value.text = to_string(*end);
            if (!patch_.find(end->node))
                problem(port.value.place, "ports: there is no node \"" + end->node + "\" for \"" + port.name + "\"");
        }
    }

    Patch& patch_;
    Problems& problems_;
    const std::function<LoadedPatch(const std::filesystem::path&)>& load_;
    std::map<std::string, Strip> strips_;
};

}  // namespace

void flatten(Patch& patch, Problems& problems, const std::function<LoadedPatch(const std::filesystem::path&)>& load) {
    Flattener(patch, problems, load).run();
}

}  // namespace legume

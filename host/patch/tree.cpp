// Reads what a patch's text means, key by key. What names and values must be is check()'s part.
// SPDX-License-Identifier: MIT
#include "host/patch/tree.h"

#include "graph/setlist_controls.h"
#include "graph/transport.h"
#include "host/patch/reader.h"

namespace legume {
namespace {

using Kind = Tree::Kind;

class PatchReader : private Reader {
  public:
    PatchReader(Patch& patch, Problems& problems) : Reader(problems), patch_(patch) {}

    void read(const Tree& root) {
        const Place start{patch_.file, 1, 1};
        if (root.kind == Kind::nothing) return problem(start, "the patch is empty; begin with `legume: 1`");
        if (root.kind != Kind::map) return problem(root.place, "a patch is a map; begin with `legume: 1` and `nodes:`");
        known(root, "a patch",
              {"legume", "title", "seed", "length", "tempo", "meter", "clock", "nodes", "wires", "bindings", "ports",
               "scenes", "cues", "send"});

        if (!root.find("legume"))
            problem(start, "the patch does not say its format; add `legume: 1` at the top");
        else if (const auto* text = word(root, "legume"); text && text->text != "1")
            problem(text->place,
                    "this program reads patches of format 1, not \"" + text->text + "\"; write `legume: 1`");
        if (const auto* text = word(root, "title")) patch_.title = text->text;
        if (const auto* text = word(root, "seed")) patch_.seed = whole<std::uint64_t>(*text, 0, ~std::uint64_t{0});
        if (const auto* text = word(root, "length")) patch_.length_seconds = quantity(*text, length_range);
        if (const auto* text = word(root, "tempo")) patch_.tempo = quantity(*text, tempo_range);
        if (const auto* text = word(root, "meter")) patch_.bar_beats = read_meter(*this, *text);
        if (const auto* clock = root.find("clock")) patch_.clock = read_clock(*this, *clock);

        if (const auto* nodes = part(root, "nodes", Kind::map, "out: {type: output}"))
            for (const auto& node : nodes->items) read_node(node);
        if (patch_.nodes.empty() && (!root.find("nodes") || root.find("nodes")->items.empty()))
            problem(root.find("nodes") ? root.find("nodes")->key_place : start,
                    "the patch has no nodes; add `nodes:` with `out: {type: output}` in it");
        // These two may stand empty, as they do when a player comments all of their lines out.
        if (const auto* wires = part(root, "wires", Kind::list, "- dream -> out"))
            for (const auto& wire : wires->items) read_wire(wire);
        if (const auto* bindings = part(root, "bindings", Kind::list, "- {midi: {cc: 1}, to: dream.gain}"))
            for (const auto& binding : bindings->items)
                if (auto read = read_binding(*this, binding)) patch_.bindings.push_back(std::move(*read));
        if (const auto* ports = part(root, "ports", Kind::map, "in: tone"))
            for (const auto& port : ports->items)
                if (is_word(port, port.key)) patch_.ports.push_back({port.key, value_of(port), port.key_place});
        patch_.scenes = read_scenes(*this, root);
        if (const auto* cues = part(root, "cues", Kind::list, "- {at: 3:20, scene: dark, over: 8 s}"))
            for (const auto& cue : cues->items)
                if (auto read = read_cue(*this, cue)) patch_.cues.push_back(std::move(*read));
        if (const auto* sends = part(root, "send", Kind::list, "- {to: 127.0.0.1:9001, values: [out.level]}"))
            for (const auto& send : sends->items)
                if (auto read = read_send(*this, send)) patch_.sends.push_back(std::move(*read));
    }

  private:
    void read_node(const Tree& tree) {
        PatchNode node;
        node.id = tree.key;
        node.place = node.type_place = tree.key_place;
        if (!valid_id(tree.key))
            problem(tree.key_place,
                    tree.key == "legume"
                        ? "the id \"legume\" is taken by the program itself; choose another"
                        : "\"" + tree.key + "\" is no id; begin with a letter and use only a-z, 0-9, _ and -");
        if (tree.key == Transport::id)
            problem(tree.key_place, "the id \"transport\" is taken by the patch's musical time; choose another");
        if (tree.key == SetlistControls::id)
            problem(tree.key_place, "the id \"setlist\" is taken by the set that a patch is played in; choose another");
        if (tree.kind != Kind::map) {
            problem(tree.kind == Kind::nothing ? tree.key_place : tree.place,
                    tree.key + " must be a map with a type, such as `" + tree.key + ": {type: gain}`");
        } else if (!tree.find("type")) {
            problem(tree.key_place, tree.key + " has no type; add one, such as `type: gain`");
        } else if (const auto* type = word(tree, "type")) {
            node.type = type->text;
            node.type_place = type->place;
        }
        for (const auto& item : tree.items) {
            if (tree.kind != Kind::map || item.key == "type") continue;
            if (has_values(*this, item, item.key)) node.settings.push_back({item.key, value_of(item), item.key_place});
        }
        patch_.nodes.push_back(std::move(node));
    }

    void read_wire(const Tree& tree) {
        if (tree.kind == Kind::text) return parse_wires(tree.text, tree.place, {}, patch_, problems());
        if (tree.kind != Kind::map)
            return problem(tree.place, "a wire is written as `a -> b.in`, or as `{wire: a -> b.cutoff, depth: 0.3}`");
        known(tree, "a wire", {"wire", "depth"});
        std::optional<float> depth;
        if (const auto* text = word(tree, "depth")) depth = quantity(*text, depth_range);
        if (!tree.find("wire"))
            problem(tree.place, "this wire does not say from where to where; add `wire: a -> b`");
        else if (const auto* text = word(tree, "wire"))
            parse_wires(text->text, text->place, depth, patch_, problems());
    }

    Patch& patch_;
};

}  // namespace

Patch read_patch(const Tree& root, const std::string& file, Problems& problems) {
    Patch patch;
    patch.file = file;
    PatchReader(patch, problems).read(root);
    return patch;
}

}  // namespace legume

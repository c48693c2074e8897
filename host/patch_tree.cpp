// Reads what a patch's text means, key by key. What names and values must be is check()'s part.
// SPDX-License-Identifier: MIT
#include "host/patch_tree.h"

#include <algorithm>
#include <charconv>

#include "graph/range.h"

namespace legume {

const Tree* Tree::find(std::string_view name) const {
    const auto found = std::find_if(items.begin(), items.end(), [&](const Tree& item) { return item.key == name; });
    return kind == Kind::map && found != items.end() ? &*found : nullptr;
}

namespace {

using Kind = Tree::Kind;

Value value_of(const Tree& tree) {
    Value value;
    value.place = tree.place;
    value.text = tree.text;
    value.kind = tree.kind == Kind::list  ? Value::Kind::list
                 : tree.kind == Kind::map ? Value::Kind::map
                                          : Value::Kind::text;
    for (const auto& item : tree.items) {
        if (tree.kind == Kind::list) value.items.push_back(value_of(item));
        if (tree.kind == Kind::map) value.entries.emplace_back(item.key, value_of(item));
    }
    return value;
}

// OSC 1.0: printable ASCII, but nothing that means a pattern.
bool valid_address(std::string_view address) {
    if (address.size() < 2 || address.front() != '/' || address.back() == '/') return false;
    if (address.find("//") != address.npos || address.find_first_of(" #*,?[]{}") != address.npos) return false;
    return std::all_of(address.begin(), address.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

class Reader {
  public:
    Reader(Patch& patch, Problems& problems) : patch_(patch), problems_(problems) {}

    void read(const Tree& root) {
        const Place start{patch_.file, 1, 1};
        if (root.kind == Kind::nothing) return problem(start, "the patch is empty; begin with `legume: 1`");
        if (root.kind != Kind::map) return problem(root.place, "a patch is a map; begin with `legume: 1` and `nodes:`");
        known(root, "a patch", {"legume", "title", "seed", "length", "tempo", "nodes", "wires", "bindings"});

        if (!root.find("legume"))
            problem(start, "the patch does not say its format; add `legume: 1` at the top");
        else if (const auto* text = word(root, "legume"); text && text->text != "1")
            problem(text->place,
                    "this program reads patches of format 1, not \"" + text->text + "\"; write `legume: 1`");
        if (const auto* text = word(root, "title")) patch_.title = text->text;
        if (const auto* text = word(root, "seed")) patch_.seed = whole<std::uint64_t>(*text, 0, ~std::uint64_t{0});
        if (const auto* text = word(root, "length")) patch_.length_seconds = quantity(*text, length_range);
        if (const auto* text = word(root, "tempo")) patch_.tempo = quantity(*text, tempo_range);

        if (const auto* nodes = part(root, "nodes", Kind::map, "out: {type: output}"))
            for (const auto& node : nodes->items) read_node(node);
        if (patch_.nodes.empty() && (!root.find("nodes") || root.find("nodes")->items.empty()))
            problem(root.find("nodes") ? root.find("nodes")->key_place : start,
                    "the patch has no nodes; add `nodes:` with `out: {type: output}` in it");
        // These two may stand empty, as they do when a player comments all of their lines out.
        if (const auto* wires = part(root, "wires", Kind::list, "- dream -> out"))
            for (const auto& wire : wires->items) read_wire(wire);
        if (const auto* bindings = part(root, "bindings", Kind::list, "- {midi: {cc: 1}, to: dream.gain}"))
            for (const auto& binding : bindings->items) read_binding(binding);
    }

  private:
    void problem(const Place& place, std::string message) { problems_.push_back({place, std::move(message)}); }

    void known(const Tree& map, const std::string& what, const std::vector<std::string>& keys) {
        for (const auto& item : map.items) {
            if (std::find(keys.begin(), keys.end(), item.key) != keys.end()) continue;
            const auto near = nearest(item.key, keys);
            problem(item.key_place, what + " has no \"" + item.key + "\"; " +
                                        (near.empty() ? "it has " + join(keys) : "did you mean \"" + near + "\"?"));
        }
    }

    // The map or list under `key`; nullptr when it is absent, empty, or something else, which is a problem.
    const Tree* part(const Tree& map, std::string_view key, Kind kind, const std::string& example) {
        const auto* tree = map.find(key);
        if (!tree || tree->kind == Kind::nothing || tree->kind == kind) return tree;
        problem(tree->place, std::string(key) + " must be a " + (kind == Kind::map ? "map" : "list") + ", such as `" +
                                 example + "`");
        return nullptr;
    }

    // The single value under `key`; nullptr when it is absent, or not one.
    const Tree* word(const Tree& map, std::string_view key) {
        const auto* tree = map.find(key);
        return tree && is_word(*tree, std::string(key)) ? tree : nullptr;
    }
    bool is_word(const Tree& tree, const std::string& name) {
        if (tree.kind == Kind::text) return true;
        if (tree.kind == Kind::nothing)
            no_value(tree, name);
        else
            problem(tree.place, name + " wants one value, not a " + (tree.kind == Kind::list ? "list" : "map"));
        return false;
    }
    void no_value(const Tree& tree, const std::string& name) {
        problem(tree.key.empty() ? tree.place : tree.key_place,
                name + " has no value; write one after the colon, or remove the line");
    }

    template <class T>
    std::optional<T> whole(const Tree& tree, T min, T max) {
        T value{};
        const auto* end = tree.text.data() + tree.text.size();
        const auto read = std::from_chars(tree.text.data(), end, value);
        if (read.ec == std::errc() && read.ptr == end && value >= min && value <= max) return value;
        problem(tree.place, tree.key + ": \"" + tree.text + "\" is not a whole number from " + std::to_string(min) +
                                " to " + std::to_string(max));
        return {};
    }
    std::optional<float> quantity(const Tree& tree, const Range& range, const std::string& name) {
        const auto read = parse_quantity(tree.text, range.unit);
        if (!read.value)
            problem(tree.place, name + ": " + read.error);
        else if (*read.value < range.min || *read.value > range.max)
            problem(tree.place, name + ": " + range.print(*read.value) + " is outside " + range.limits());
        else
            return read.value;
        return {};
    }
    std::optional<float> quantity(const Tree& tree, const Range& range) { return quantity(tree, range, tree.key); }

    void read_node(const Tree& tree) {
        PatchNode node;
        node.id = tree.key;
        node.place = node.type_place = tree.key_place;
        if (!valid_id(tree.key))
            problem(tree.key_place,
                    tree.key == "legume"
                        ? "the id \"legume\" is taken by the program itself; choose another"
                        : "\"" + tree.key + "\" is no id; begin with a letter and use only a-z, 0-9, _ and -");
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
            if (has_values(item, item.key)) node.settings.push_back({item.key, value_of(item), item.key_place});
        }
        patch_.nodes.push_back(std::move(node));
    }
    // A setting is text, a list or a map, and nothing in it is left out.
    bool has_values(const Tree& tree, const std::string& name) {
        if (tree.kind == Kind::nothing) {
            no_value(tree, name);
            return false;
        }
        bool sound = true;
        for (const auto& item : tree.items) sound = has_values(item, item.key.empty() ? name : item.key) && sound;
        return sound;
    }

    void read_wire(const Tree& tree) {
        if (tree.kind == Kind::text) return parse_wires(tree.text, tree.place, {}, patch_, problems_);
        if (tree.kind != Kind::map)
            return problem(tree.place, "a wire is written as `a -> b.in`, or as `{wire: a -> b.cutoff, depth: 0.3}`");
        known(tree, "a wire", {"wire", "depth"});
        std::optional<float> depth;
        if (const auto* text = word(tree, "depth")) depth = quantity(*text, depth_range);
        if (!tree.find("wire"))
            problem(tree.place, "this wire does not say from where to where; add `wire: a -> b`");
        else if (const auto* text = word(tree, "wire"))
            parse_wires(text->text, text->place, depth, patch_, problems_);
    }

    void read_binding(const Tree& tree) {
        if (tree.kind != Kind::map)
            return problem(tree.place, "a binding is a map, such as `{midi: {cc: 1}, to: dream.gain}`");
        known(tree, "a binding", {"midi", "osc", "to", "range", "from", "curve"});
        Binding binding;
        binding.place = tree.place;
        const auto* midi = tree.find("midi");
        const auto* osc = tree.find("osc");
        if (!midi == !osc)
            problem(tree.place, midi ? "this binding has both midi and osc; make two bindings of it"
                                     : "this binding hears nothing; add `midi: {cc: 1}` or `osc: /address`");
        if (midi) binding.midi = read_midi(*midi);
        if (const auto* text = word(tree, "osc")) {
            if (text->text.starts_with("/legume/") || text->text == "/legume")
                problem(text->place, "addresses under /legume belong to the program itself; choose another");
            else if (valid_address(text->text))
                binding.osc = OscSource{text->text};
            else
                problem(text->place, "\"" + text->text + "\" is no OSC address; write one such as /td/mix, without " +
                                         "spaces and none of # * , ? [ ] { }");
        }
        if (const auto* ends = pair(tree, "range")) {
            binding.range = {value_of(ends->items[0]), value_of(ends->items[1])};
        }
        if (const auto* ends = pair(tree, "from")) {
            const Range any{.min = -1e30f, .max = 1e30f};
            const auto a = quantity(ends->items[0], any, "from");
            const auto b = quantity(ends->items[1], any, "from");
            if (midi)
                problem(ends->key_place, "from is for OSC; a MIDI value always covers its own range, so remove it");
            else if (a && b && *a == *b)
                problem(ends->place, "from: the two ends are the same; write two numbers that differ");
            else if (a && b)
                binding.from = {*a, *b};
        }
        if (const auto* text = word(tree, "curve")) {
            binding.curve_place = text->place;
            if (text->text == "linear" || text->text == "log")
                binding.curve = text->text == "log" ? Curve::log : Curve::linear;
            else
                problem(text->place, "curve: \"" + text->text + "\" is none of linear, log");
        }
        if (!tree.find("to")) return problem(tree.place, "this binding moves nothing; add `to: node.param`");
        const auto* to = word(tree, "to");
        const auto end = to ? parse_endpoint(to->text, to->place, problems_) : std::nullopt;
        if (!end) return;
        binding.to = *end;
        patch_.bindings.push_back(std::move(binding));
    }

    // The list of two values under `key`.
    const Tree* pair(const Tree& map, const std::string& key) {
        const auto* tree = map.find(key);
        if (!tree) return nullptr;
        if (tree->kind == Kind::list && tree->items.size() == 2 && tree->items[0].kind == Kind::text &&
            tree->items[1].kind == Kind::text)
            return tree;
        problem(tree->kind == Kind::nothing ? tree->key_place : tree->place, key + " wants two values, such as [0, 1]");
        return nullptr;
    }

    std::optional<MidiSource> read_midi(const Tree& tree) {
        if (tree.kind != Kind::map) {
            problem(tree.kind == Kind::nothing ? tree.key_place : tree.place, "midi must be a map, such as `{cc: 1}`");
            return {};
        }
        known(tree, "midi", {"cc", "note", "notes", "channel", "port"});
        MidiSource source;
        if (const auto* text = word(tree, "channel")) source.channel = whole(*text, 1, 16).value_or(0);
        if (const auto* text = word(tree, "port")) source.port = text->text;
        int kinds = 0;
        bool sound = true;
        const auto number = [&](const char* key, MidiSource::Kind kind) {
            if (!tree.find(key)) return;
            ++kinds;
            source.kind = kind;
            const auto* text = word(tree, key);
            const auto value = text ? whole(*text, 0, 127) : std::nullopt;
            sound = sound && value;
            source.number = value.value_or(0);
        };
        number("cc", MidiSource::Kind::cc);
        number("note", MidiSource::Kind::note);
        if (tree.find("notes")) {
            ++kinds;
            source.kind = MidiSource::Kind::notes;
            if (const auto* text = word(tree, "notes"); text && text->text != "all")
                problem(text->place,
                        "notes: \"" + text->text + "\" is not all; write `notes: all`, or `note: 60` for one");
        }
        if (kinds != 1) problem(tree.place, "midi wants one of cc, note and notes, such as `{cc: 1}`");
        if (kinds != 1 || !sound) return {};
        return source;
    }

    Patch& patch_;
    Problems& problems_;
};

}  // namespace

Patch read_patch(const Tree& root, const std::string& file, Problems& problems) {
    Patch patch;
    patch.file = file;
    Reader(patch, problems).read(root);
    return patch;
}

}  // namespace legume

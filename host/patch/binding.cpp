// What `bindings:` says, entry by entry.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "host/patch/reader.h"

namespace legume {
namespace {

using Kind = Tree::Kind;

// OSC 1.0: printable ASCII, but nothing that means a pattern.
bool valid_address(std::string_view address) {
    if (address.size() < 2 || address.front() != '/' || address.back() == '/') return false;
    if (address.find("//") != address.npos || address.find_first_of(" #*,?[]{}") != address.npos) return false;
    return std::all_of(address.begin(), address.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::optional<MidiSource> read_midi(Reader& reader, const Tree& tree) {
    if (tree.kind != Kind::map) {
        reader.problem(tree.kind == Kind::nothing ? tree.key_place : tree.place,
                       "midi must be a map, such as `{cc: 1}`");
        return {};
    }
    reader.known(tree, "midi", {"cc", "note", "notes", "channel", "port"});
    MidiSource source;
    if (const auto* text = reader.word(tree, "channel")) source.channel = reader.whole(*text, 1, 16).value_or(0);
    if (const auto* text = reader.word(tree, "port")) source.port = text->text;
    int kinds = 0;
    bool sound = true;
    const auto number = [&](const char* key, MidiSource::Kind kind) {
        if (!tree.find(key)) return;
        ++kinds;
        source.kind = kind;
        const auto* text = reader.word(tree, key);
        const auto value = text ? reader.whole(*text, 0, 127) : std::nullopt;
        sound = sound && value;
        source.number = value.value_or(0);
    };
    number("cc", MidiSource::Kind::cc);
    number("note", MidiSource::Kind::note);
    if (tree.find("notes")) {
        ++kinds;
        source.kind = MidiSource::Kind::notes;
        if (const auto* text = reader.word(tree, "notes"); text && text->text != "all")
            reader.problem(text->place,
                           "notes: \"" + text->text + "\" is not all; write `notes: all`, or `note: 60` for one");
    }
    if (kinds != 1) reader.problem(tree.place, "midi wants one of cc, note and notes, such as `{cc: 1}`");
    if (kinds != 1 || !sound) return {};
    return source;
}

}  // namespace

std::optional<Binding> read_binding(Reader& reader, const Tree& tree) {
    if (tree.kind != Kind::map) {
        reader.problem(tree.place, "a binding is a map, such as `{midi: {cc: 1}, to: dream.gain}`");
        return {};
    }
    reader.known(tree, "a binding", {"midi", "osc", "to", "range", "from", "curve", "quantise"});
    Binding binding;
    binding.place = tree.place;
    const auto* midi = tree.find("midi");
    const auto* osc = tree.find("osc");
    if (!midi == !osc)
        reader.problem(tree.place, midi ? "this binding has both midi and osc; make two bindings of it"
                                        : "this binding hears nothing; add `midi: {cc: 1}` or `osc: /address`");
    if (midi) binding.midi = read_midi(reader, *midi);
    if (const auto* text = reader.word(tree, "osc")) {
        if (text->text.starts_with("/legume/") || text->text == "/legume")
            reader.problem(text->place, "addresses under /legume belong to the program itself; choose another");
        else if (valid_address(text->text))
            binding.osc = OscSource{text->text};
        else
            reader.problem(text->place, "\"" + text->text +
                                            "\" is no OSC address; write one such as /td/mix, without " +
                                            "spaces and none of # * , ? [ ] { }");
    }
    if (const auto* ends = reader.pair(tree, "range")) {
        binding.range = {value_of(ends->items[0]), value_of(ends->items[1])};
    }
    if (const auto* ends = reader.pair(tree, "from")) {
        const Range any{.min = -1e30f, .max = 1e30f};
        const auto a = reader.quantity(ends->items[0], any, "from");
        const auto b = reader.quantity(ends->items[1], any, "from");
        if (midi)
            reader.problem(ends->key_place, "from is for OSC; a MIDI value always covers its own range, so remove it");
        else if (a && b && *a == *b)
            reader.problem(ends->place, "from: the two ends are the same; write two numbers that differ");
        else if (a && b)
            binding.from = {*a, *b};
    }
    if (const auto* text = reader.word(tree, "curve")) {
        binding.curve_place = text->place;
        if (text->text == "linear" || text->text == "log")
            binding.curve = text->text == "log" ? Curve::log : Curve::linear;
        else
            reader.problem(text->place, "curve: \"" + text->text + "\" is none of linear, log");
    }
    if (const auto* text = reader.word(tree, "quantise")) {
        binding.quantise_place = text->place;
        binding.quantise = read_grid(reader, *text);
    }
    if (!tree.find("to")) reader.problem(tree.place, "this binding moves nothing; add `to: node.param`");
    const auto* to = reader.word(tree, "to");
    const auto end = to ? parse_endpoint(to->text, to->place, reader.problems()) : std::nullopt;
    if (!end) return {};
    binding.to = *end;
    return binding;
}

}  // namespace legume

// What `bindings:` says, entry by entry.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "host/patch/reader.h"

namespace legume {
namespace {

using Kind = Tree::Kind;

struct MidiKind {
    const char* name;
    MidiSource::Kind kind;
    int most;  // of its number; -1: it has none
    bool all;  // may be `all` instead
};
constexpr MidiKind midi_kinds[] = {
    {"cc", MidiSource::Kind::cc, 127, false},     {"nrpn", MidiSource::Kind::nrpn, 16383, false},
    {"rpn", MidiSource::Kind::rpn, 16382, false}, {"note", MidiSource::Kind::note, 127, false},
    {"notes", MidiSource::Kind::notes, -1, true}, {"pressure", MidiSource::Kind::pressure, 127, true},
    {"bend", MidiSource::Kind::bend, -1, true},   {"program", MidiSource::Kind::program, 127, true},
};

bool on(Reader& reader, const Tree& tree) { return reader.quantity(tree, {0, 1, 0, Unit::flag}).value_or(0) != 0; }

// A word of a few, and which it is.
template <class T>
T choice(Reader& reader, const Tree& text, T otherwise, std::initializer_list<std::pair<const char*, T>> words) {
    std::vector<std::string> names;
    for (const auto& [name, value] : words) {
        if (text.text == name) return value;
        names.emplace_back(name);
    }
    reader.problem(text.place, text.key + ": \"" + text.text + "\" is none of " + join(names));
    return otherwise;
}

void read_resolution(Reader& reader, const Tree& tree, MidiSource& source) {
    const auto* bits = reader.word(tree, "bits");
    const auto* relative = reader.word(tree, "relative");
    for (const auto* text : {bits, relative})
        if (text && source.kind != MidiSource::Kind::cc)
            return reader.problem(text->key_place, text->key + " is for cc alone; remove it");
    if (bits) {
        source.fine = choice(reader, *bits, false, {{"7", false}, {"14", true}});
        if (source.fine && source.number > 31)
            reader.problem(bits->place, "controller " + std::to_string(source.number) +
                                            " has no 14 bits; 0 to 31 have, with their fine halves 32 above");
    }
    if (relative)
        source.relative = choice(reader, *relative, MidiSource::Relative::no,
                                 {{"twos", MidiSource::Relative::twos},
                                  {"offset", MidiSource::Relative::offset},
                                  {"sign", MidiSource::Relative::sign}});
    if (source.fine && relative) reader.problem(bits->place, "an encoder sends clicks, not 14 bits; remove bits");
}

std::optional<MidiSource> read_midi(Reader& reader, const Tree& tree) {
    if (tree.kind != Kind::map) {
        reader.problem(tree.kind == Kind::nothing ? tree.key_place : tree.place,
                       "midi must be a map, such as `{cc: 1}`");
        return {};
    }
    std::vector<std::string> keys;
    for (const auto& kind : midi_kinds) keys.emplace_back(kind.name);
    const auto names = join(keys);
    for (const auto* more : {"channel", "port", "bits", "relative"}) keys.emplace_back(more);
    reader.known(tree, "midi", keys);
    MidiSource source;
    if (const auto* text = reader.word(tree, "channel")) source.channel = reader.whole(*text, 1, 16).value_or(0);
    if (const auto* text = reader.word(tree, "port")) source.port = text->text;
    int kinds = 0;
    bool sound = true;
    for (const auto& kind : midi_kinds) {
        if (!tree.find(kind.name)) continue;
        ++kinds;
        source.kind = kind.kind;
        const auto* text = reader.word(tree, kind.name);
        if (text && kind.all && text->text == "all") {
            source.number = kind.most < 0 ? 0 : MidiSource::all;
        } else if (text && kind.kind == MidiSource::Kind::notes) {
            reader.problem(text->place,
                           "notes: \"" + text->text + "\" is not all; write `notes: all`, or `note: 60` for one");
        } else if (text && kind.most < 0) {
            reader.problem(text->place, text->key + ": \"" + text->text + "\" is not all; there is one of it");
        } else {
            const auto value = text ? reader.whole(*text, 0, kind.most) : std::nullopt;
            sound = sound && value;
            source.number = value.value_or(0);
        }
    }
    if (kinds != 1) reader.problem(tree.place, "midi wants one of " + names + ", such as `{cc: 1}`");
    if (kinds != 1 || !sound) return {};
    read_resolution(reader, tree, source);
    return source;
}

// What a hand does: for MIDI alone. What does not go together is said once.
void read_hands(Reader& reader, const Tree& tree, Binding& binding) {
    using Source = MidiSource::Kind;
    const auto find = [&](const char* key) {
        const auto* text = reader.word(tree, key);
        if (text) binding.hands.emplace_back(key, text->key_place);
        return text;
    };
    const auto* mode = find("mode");
    const auto* toggle = find("toggle");
    const auto* momentary = find("momentary");
    const auto* steps = find("steps");
    const auto* step = find("step");
    const auto* feedback = find("feedback");
    if (mode)
        binding.mode = choice(reader, *mode, FaderMode::pickup,
                              {{"pickup", FaderMode::pickup}, {"jump", FaderMode::jump}, {"scale", FaderMode::scale}});
    if (toggle && on(reader, *toggle)) binding.press = Press::toggle;
    if (momentary && on(reader, *momentary)) {
        if (binding.press == Press::toggle)
            reader.problem(momentary->key_place, "momentary lets go and toggle does not; remove one of them");
        binding.press = Press::momentary;
    }
    if (steps) binding.steps = reader.whole(*steps, 2, 1024).value_or(0);
    if (step) binding.step = reader.quantity(*step, {.min = 0.0001f, .max = 1});
    if (feedback) binding.feedback = on(reader, *feedback);
    if (!binding.midi) {
        if (binding.osc && !binding.hands.empty())
            reader.problem(binding.hands[0].second, binding.hands[0].first + " is for MIDI; remove it");
        return;
    }
    const auto kind = binding.midi->kind;
    const bool fader = kind == Source::cc || kind == Source::nrpn || kind == Source::rpn;
    const bool encoder = binding.midi->relative != MidiSource::Relative::no;
    const bool pressed = binding.press != Press::hold;
    const auto* press = toggle ? toggle : momentary;
    if (mode && (!fader || encoder || pressed))
        reader.problem(mode->key_place, "mode is for faders (cc, nrpn and rpn), and this is none; remove it");
    if (pressed && ((!fader && kind != Source::note) || encoder))
        reader.problem(press->key_place, press->key + " is for what is pressed: a note or a cc; remove it");
    if (pressed && steps) reader.problem(steps->key_place, "a press knows two places; remove steps or " + press->key);
    if (step && !encoder) reader.problem(step->key_place, "step is for encoders; add relative to midi, or remove it");
    if (binding.feedback && !fader && kind != Source::note && kind != Source::bend)
        reader.problem(feedback->key_place, "feedback is for cc, nrpn, rpn, note and bend; remove it");
}

}  // namespace

bool valid_address(std::string_view address) {
    if (address.size() < 2 || address.front() != '/' || address.back() == '/') return false;
    if (address.find("//") != address.npos || address.find_first_of(" #*,?[]{}") != address.npos) return false;
    return std::all_of(address.begin(), address.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::optional<Binding> read_binding(Reader& reader, const Tree& tree) {
    if (tree.kind != Kind::map) {
        reader.problem(tree.place, "a binding is a map, such as `{midi: {cc: 1}, to: dream.gain}`");
        return {};
    }
    reader.known(tree, "a binding",
                 {"midi", "osc", "to", "range", "from", "curve", "quantise", "mode", "toggle", "momentary", "steps",
                  "step", "feedback"});
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
    read_hands(reader, tree, binding);
    if (!tree.find("to")) reader.problem(tree.place, "this binding moves nothing; add `to: node.param`");
    const auto* to = reader.word(tree, "to");
    const auto end = to ? parse_endpoint(to->text, to->place, reader.problems()) : std::nullopt;
    if (!end) return {};
    binding.to = *end;
    return binding;
}

}  // namespace legume

// What `meter:`, `clock:` and a binding's `quantise:` say.
// SPDX-License-Identifier: MIT
#include <bit>

#include "host/patch/reader.h"

namespace legume {

using Kind = Tree::Kind;

std::optional<double> read_meter(Reader& reader, const Tree& tree) {
    int count = 0, of = 0;
    const auto* end = tree.text.data() + tree.text.size();
    const auto first = std::from_chars(tree.text.data(), end, count);
    if (first.ec == std::errc() && first.ptr != end && *first.ptr == '/') {
        const auto second = std::from_chars(first.ptr + 1, end, of);
        const bool whole = second.ec == std::errc() && second.ptr == end;
        if (whole && count >= 1 && count <= 99 && of >= 1 && of <= 32 && std::has_single_bit(static_cast<unsigned>(of)))
            return 4.0 * count / of;
    }
    reader.problem(tree.place, "meter: \"" + tree.text + "\" is no meter; write one such as 4/4 or 6/8");
    return {};
}

ClockSetting read_clock(Reader& reader, const Tree& tree) {
    ClockSetting clock;
    clock.place = tree.place;
    const auto from = [&](const Tree& text) {
        clock.midi = text.text == "midi";
        if (!clock.midi && text.text != "internal")
            reader.problem(text.place, "clock: \"" + text.text + "\" is none of internal, midi");
    };
    if (tree.kind != Kind::map) {
        if (reader.is_word(tree, "clock")) from(tree);
        return clock;
    }
    reader.known(tree, "clock", {"from", "port", "out"});
    if (const auto* text = reader.word(tree, "from")) from(*text);
    if (const auto* text = reader.word(tree, "port")) {
        if (!clock.midi)
            reader.problem(text->place, "port is where MIDI clock comes from; add `from: midi`, or remove it");
        clock.port = text->text;
    }
    if (const auto* text = reader.word(tree, "out"); text && text->text != "false")
        clock.out = text->text == "true" ? "" : text->text;
    return clock;
}

Grid read_grid(Reader& reader, const Tree& tree) {
    auto text = std::string_view(tree.text);
    const bool bars = text.ends_with("bar") || text.ends_with("bars");
    if (bars) text = text.substr(0, text.rfind("bar"));
    const auto read = parse_quantity(text, bars ? Unit::count : Unit::beats);
    const Range range =
        bars ? Range{.min = 1, .max = 64} : Range{.min = least_grid_beats, .max = most_grid_beats, .unit = Unit::beats};
    if (!read.value) {
        reader.problem(tree.place,
                       tree.key + ": \"" + tree.text + "\" is neither bars nor beats; write 1 bar, 1/4 or 2 beats");
    } else if (*read.value < range.min || *read.value > range.max) {
        const std::string unit = bars ? " bars" : "";
        reader.problem(tree.place,
                       tree.key + ": " + range.print(*read.value) + unit + " is outside " + range.limits() + unit);
    } else {
        return {*read.value, bars};
    }
    return {};
}

}  // namespace legume

// What `cues:` says, entry by entry.
// SPDX-License-Identifier: MIT
#include <filesystem>

#include "host/patch/reader.h"

namespace legume {
namespace {

using Kind = Tree::Kind;

// "3:20", "1:02:03.5", or a time as it is written elsewhere.
std::optional<double> clock_seconds(std::string_view text) {
    double seconds = 0;
    for (std::size_t parts = 0; parts < 3; ++parts) {
        const auto colon = text.find(':');
        const auto part = text.substr(0, colon);
        const auto read = parse_quantity(part, Unit::none);
        const bool digits = !part.empty() && part.find_first_not_of("0123456789.") == part.npos;
        if (colon == text.npos && parts == 0) return {};
        if (!digits || !read.value || (parts > 0 && *read.value >= 60)) return {};
        // Whole minutes exactly, and the rest to the millisecond and beyond: a float would not hold hours so well.
        double value = 0;
        std::from_chars(part.data(), part.data() + part.size(), value);
        seconds = seconds * 60 + value;
        if (colon == text.npos) return seconds;
        text.remove_prefix(colon + 1);
    }
    return {};
}

}  // namespace

std::optional<double> read_time(std::string_view text) {
    std::optional<double> seconds = clock_seconds(text);
    if (const auto read = parse_quantity(text, Unit::seconds); !seconds && read.value) seconds = *read.value;
    return seconds;
}

namespace {

bool read_at(Reader& reader, const Tree& tree, Cue& cue) {
    const std::string_view text = tree.text;
    const auto wrong = [&](const std::string& what) {
        reader.problem(tree.place, "at: " + what);
        return false;
    };
    if (text.starts_with("bar ")) {
        Tree number = tree;
        number.text = text.substr(4);
        const auto bar = reader.whole(number, 1, 1'000'000);
        cue.bar = true;
        cue.at = bar.value_or(1) - 1;
        return bar.has_value();
    }
    const auto seconds = read_time(text);
    if (!seconds) return wrong("\"" + tree.text + "\" is no time; write one such as 3:20, 12.5 s or bar 65");
    cue.at = *seconds;
    if (cue.at < 0 || cue.at > latest_time) return wrong(tree.text + " is outside 0:00 to 24:00:00");
    return true;
}

}  // namespace

std::optional<Cue> read_cue(Reader& reader, const Tree& tree) {
    if (tree.kind != Kind::map) {
        reader.problem(tree.place, "a cue is a map, such as `{at: 3:20, scene: dark, over: 8 s}`");
        return {};
    }
    reader.known(tree, "a cue", {"at", "set", "to", "fire", "scene", "patch", "over"});
    Cue cue;
    const Tree* what = nullptr;
    int kinds = 0;
    const auto kind = [&](const char* key, Cue::Kind k) {
        if (!tree.find(key)) return;
        ++kinds;
        cue.kind = k;
        what = reader.word(tree, key);
    };
    kind("set", Cue::Kind::set);
    kind("fire", Cue::Kind::fire);
    kind("scene", Cue::Kind::scene);
    kind("patch", Cue::Kind::patch);
    if (kinds != 1) reader.problem(tree.place, "a cue wants one of set, fire, scene and patch, such as `scene: dark`");

    bool sound = kinds == 1 && what;
    if (!tree.find("at")) reader.problem(tree.place, "this cue has no time; add `at: 3:20` or `at: bar 65`");
    const auto* at = reader.word(tree, "at");
    sound = at && read_at(reader, *at, cue) && sound;
    if (const auto* over = reader.word(tree, "over")) cue.over = read_span(reader, *over);
    const bool sets = cue.kind == Cue::Kind::set;
    if (kinds == 1 && tree.find("over") && !sets && cue.kind != Cue::Kind::scene)
        reader.problem(tree.find("over")->key_place, "over is for set and scene; remove it");
    if (kinds == 1 && sets && !tree.find("to"))
        reader.problem(tree.place, "this cue does not say to what; add `to:` and the value");
    if (kinds == 1 && !sets && tree.find("to"))
        reader.problem(tree.find("to")->key_place, "to is for set; remove it, or write `set: node.param`");
    const auto* to = reader.word(tree, "to");
    if (!sound || (sets && !to)) return {};
    cue.place = what->place;
    if (to) cue.value = value_of(*to);
    if (sets || cue.kind == Cue::Kind::fire) {
        const auto end = parse_endpoint(what->text, what->place, reader.problems());
        if (!end) return {};
        cue.to = *end;
    } else {
        cue.name = what->text;
    }
    std::error_code error;
    if (cue.kind == Cue::Kind::patch &&
        !std::filesystem::exists(std::filesystem::path(what->place.file).parent_path() / cue.name, error))
        reader.problem(what->place, "there is no file " + cue.name + " beside this patch; look at its name and folder");
    return cue;
}

}  // namespace legume

// What `scenes:` says, in the patch and in the file beside it where a player stores more.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <filesystem>

#include "host/patch/reader.h"
#include "host/patch/stored_scenes.h"
#include "nodes/files/yaml.h"

namespace legume {
namespace {

using Kind = Tree::Kind;

// Keys of a scene have a dot, unless they are one of its own.
void read_value(Reader& reader, const Tree& tree, Scene& scene) {
    if (tree.key.find('.') == tree.key.npos) {
        const auto near = nearest(tree.key, {"over", "program"});
        reader.problem(tree.key_place, "a scene has no \"" + tree.key + "\"; " +
                                           (near.empty() ? "name a param, as in `" + tree.key + ".gain: -6 dB`"
                                                         : "did you mean \"" + near + "\"?"));
        return;
    }
    auto to = parse_endpoint(tree.key, tree.key_place, reader.problems());
    if (to && reader.is_word(tree, tree.key)) scene.values.emplace_back(std::move(*to), value_of(tree));
}

Scene read_scene(Reader& reader, const Tree& tree) {
    Scene scene;
    scene.name = tree.key;
    scene.place = tree.key_place;
    if (!valid_path(tree.key))
        reader.problem(tree.key_place, "\"" + tree.key +
                                           "\" is no name for a scene; begin with a letter and use only a-z, 0-9, _ "
                                           "and -");
    if (tree.kind != Kind::map) {
        reader.problem(tree.kind == Kind::nothing ? tree.key_place : tree.place,
                       "a scene is a map of params, such as `" + tree.key + ": {tone.cutoff: 300 Hz}`");
        return scene;
    }
    for (const auto& item : tree.items) {
        if (item.key == "over") {
            if (reader.is_word(item, "over")) scene.over = read_span(reader, item);
        } else if (item.key == "program") {
            if (reader.is_word(item, "program")) scene.program = reader.whole(item, 0, 127);
        } else {
            read_value(reader, item, scene);
        }
    }
    return scene;
}

}  // namespace

std::optional<Span> read_span(Reader& reader, const Tree& tree) {
    for (const bool beats : {true, false}) {
        const Range range{.min = 0, .max = 86'400, .unit = beats ? Unit::beats : Unit::seconds};
        const auto read = parse_quantity(tree.text, range.unit);
        // A bare number is seconds.
        if (!read.value || (beats && parse_quantity(tree.text, Unit::seconds).value)) continue;
        if (*read.value >= range.min && *read.value <= range.max) return Span{*read.value, beats};
        reader.problem(tree.place, tree.key + ": " + range.print(*read.value) + " is outside " + range.limits());
        return {};
    }
    reader.problem(tree.place,
                   tree.key + ": \"" + tree.text + "\" is no time; write one such as 8 s, 500 ms or 8 beats");
    return {};
}

std::vector<Scene> read_scenes(Reader& reader, const Tree& root) {
    std::vector<Scene> scenes;
    if (const auto* part = reader.part(root, "scenes", Kind::map, "dark: {tone.cutoff: 300 Hz}"))
        for (const auto& tree : part->items) scenes.push_back(read_scene(reader, tree));
    return scenes;
}

std::filesystem::path stored_scenes_file(const std::filesystem::path& patch) {
    return std::filesystem::path(patch).replace_extension(".scenes.yaml");
}

void add_stored_scenes(Patch& patch, Problems& problems, const Texts* kept) {
    const auto file = stored_scenes_file(patch.file);
    const auto text = read_text(file, kept);
    if (!text) return;  // nothing is stored
    patch.files.push_back(file.string());
    patch.texts[file.string()] = *text;
    Problems own;
    const auto root = load_tree(*text, file.string(), own);
    Reader reader(own);
    if (own.empty() && root.kind != Kind::map) {
        reader.problem({file.string(), 1, 1}, "this file holds no scenes; begin with `scenes:`, or remove it");
    } else if (own.empty()) {
        reader.known(root, "a file of scenes", {"scenes"});
        for (auto& scene : read_scenes(reader, root)) {
            scene.stored = true;
            store_scene(patch.scenes, std::move(scene));
        }
    }
    problems.insert(problems.end(), own.begin(), own.end());
}

void store_scene(std::vector<Scene>& scenes, Scene scene) {
    const auto same = [&](const Scene& other) { return other.name == scene.name; };
    const auto found = std::find_if(scenes.begin(), scenes.end(), same);
    if (found == scenes.end())
        scenes.push_back(std::move(scene));
    else
        *found = std::move(scene);
}

std::string write_stored_scenes(const std::vector<Scene>& scenes) {
    std::string text = "# Scenes stored while playing; one of the same name in the patch gives way.\nscenes:\n";
    for (const auto& scene : scenes) {
        if (!scene.stored) continue;
        text += "  " + scene.name + ":\n";
        if (scene.program) text += "    program: " + std::to_string(*scene.program) + "\n";
        if (scene.over)
            text += "    over: " + print_number(scene.over->amount) + (scene.over->beats ? " beats\n" : " s\n");
        for (const auto& [to, value] : scene.values) text += "    " + to_string(to) + ": " + value.text + "\n";
    }
    return text;
}

}  // namespace legume

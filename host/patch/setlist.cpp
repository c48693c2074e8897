// What `setlist:` says, entry by entry. A file that has it is a set, and every other is a patch.
// SPDX-License-Identifier: MIT
#include "host/patch/setlist.h"

#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include "graph/builtin_nodes.h"
#include "host/patch/reader.h"
#include "nodes/files/yaml.h"

namespace legume {
namespace {

namespace fs = std::filesystem;
using Kind = Tree::Kind;

constexpr std::size_t max_bytes = 1'000'000;
constexpr const char* example = "- second.yaml";

Crossfade read_crossfade(Reader& reader, const Tree& map, Crossfade crossfade) {
    const Range range{.min = 0, .max = static_cast<float>(longest_crossfade), .unit = Unit::seconds};
    const auto read = [&](const char* key, double& seconds) {
        const auto* text = reader.word(map, key);
        const auto value = text ? reader.quantity(*text, range) : std::nullopt;
        if (value) seconds = static_cast<double>(*value);
    };
    read("crossfade", crossfade.seconds);
    read("tails", crossfade.tails);
    return crossfade;
}

std::optional<SetPatch> read_entry(Reader& reader, const Tree& tree, const SetText& set) {
    SetPatch entry;
    entry.crossfade = set.crossfade;
    const Tree* file = &tree;
    if (tree.kind == Kind::map) {
        reader.known(tree, "a patch of a set", {"patch", "title", "crossfade", "tails"});
        if (const auto* title = reader.word(tree, "title")) entry.title = title->text;
        entry.crossfade = read_crossfade(reader, tree, set.crossfade);
        if (!tree.find("patch"))
            reader.problem(tree.place, "this entry does not say which patch; add `patch: second.yaml`");
        file = reader.word(tree, "patch");
        if (!file) return {};
    } else if (tree.kind != Kind::text) {
        reader.problem(tree.place,
                       "a patch of a set is its file's name, or a map such as `{patch: second.yaml, "
                       "crossfade: 8 s}`");
        return {};
    }
    entry.file = (fs::path(set.file).parent_path() / file->text).lexically_normal();
    std::error_code error;
    if (!fs::exists(entry.file, error)) {
        reader.problem(file->place, "there is no file " + file->text + " beside this set; look at its name and folder");
        return {};
    }
    return entry;
}

void read_set(Reader& reader, const Tree& root, SetText& set) {
    reader.known(root, "a set", {"legume", "title", "crossfade", "tails", "setlist", "bindings"});
    if (!root.find("legume"))
        reader.problem({set.file, 1, 1}, "the set does not say its format; add `legume: 1` at the top");
    else if (const auto* text = reader.word(root, "legume"); text && text->text != "1")
        reader.problem(text->place,
                       "this program reads sets of format 1, not \"" + text->text + "\"; write `legume: 1`");
    if (const auto* title = reader.word(root, "title")) set.title = title->text;
    set.crossfade = read_crossfade(reader, root, {});
    if (const auto* list = reader.part(root, "setlist", Kind::list, example)) {
        for (const auto& item : list->items)
            if (auto entry = read_entry(reader, item, set)) set.patches.push_back(std::move(*entry));
        if (list->items.empty())
            reader.problem(list->key_place, std::string("the set has no patches; add one, such as `") + example + "`");
    }
    if (const auto* list = reader.part(root, "bindings", Kind::list, "- {midi: {note: 40}, to: setlist.next}"))
        for (const auto& item : list->items) {
            auto binding = read_binding(reader, item);
            if (!binding) continue;
            if (builtin_node(binding->to.node))
                set.bindings.push_back(std::move(*binding));
            else
                reader.problem(binding->to.place,
                               "a set binds what all of its patches have, setlist and transport; "
                               "bind " +
                                   to_string(binding->to) + " in its patch");
        }
}

}  // namespace

std::optional<SetText> load_set(const fs::path& file) {
    std::error_code error;
    if (!fs::is_regular_file(file, error)) return {};
    std::ifstream in(file, std::ios::binary);
    std::string text(max_bytes + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > max_bytes) return {};
    const bool says_so = text.starts_with("setlist:") || text.find("\nsetlist:") != text.npos;
    if (!says_so) return {};
    SetText set;
    set.file = file.string();
    const auto root = load_tree(text, set.file, set.problems);
    if (!set.problems.empty()) return set;
    if (!root.find("setlist")) return {};
    Reader reader(set.problems);
    read_set(reader, root, set);
    tidy(set.problems);
    return set;
}

}  // namespace legume

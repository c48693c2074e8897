// The card as YAML: people read it too.
// SPDX-License-Identifier: MIT
#include "host/pack/card.h"

#include <algorithm>

#include "host/patch/reader.h"
#include "nodes/files/yaml.h"

namespace legume {
namespace {

using Kind = Tree::Kind;

std::string list(const std::string& key, const std::vector<std::string>& lines) {
    std::string text = key + ":\n";
    for (const auto& line : lines) text += "  - " + quoted(line) + "\n";
    return lines.empty() ? "" : text;
}
// It is shown to people: nothing in it may steer their terminal.
void plain(Reader& reader, const Tree& tree) {
    if (std::any_of(tree.text.begin(), tree.text.end(),
                    [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }))
        reader.problem(tree.place, "a control character has no place here");
}

std::vector<std::string> read_list(Reader& reader, const Tree& root, const char* key) {
    std::vector<std::string> lines;
    if (const auto* part = reader.part(root, key, Kind::list, "- \"a line\""))
        for (const auto& item : part->items)
            if (reader.is_word(item, key)) {
                plain(reader, item);
                lines.push_back(item.text);
            }
    return lines;
}

std::string text_of(Reader& reader, const Tree& map, const char* key) {
    const auto* tree = reader.word(map, key);
    if (tree) plain(reader, *tree);
    return tree ? tree->text : "";
}

PackedFile read_file(Reader& reader, const Tree& tree) {
    PackedFile file;
    if (tree.kind != Kind::map) {
        reader.problem(tree.place, "a file is a map, such as {name: \"set/a.flac\", bytes: 9, sha256: ...}");
        return file;
    }
    reader.known(tree, "a file", {"name", "bytes", "sha256", "licence", "source"});
    file.name = text_of(reader, tree, "name");
    file.sha256 = text_of(reader, tree, "sha256");
    file.licence = text_of(reader, tree, "licence");
    file.source = text_of(reader, tree, "source");
    if (!safe_name(file.name) || file.name == card_name)
        reader.problem(tree.place, "\"" + file.name + "\" is no name for a file in a pack");
    if (file.sha256.size() != 64 || file.sha256.find_first_not_of("0123456789abcdef") != file.sha256.npos)
        reader.problem(tree.place, file.name + " has no hash");
    if (const auto* bytes = reader.word(tree, "bytes"))
        file.bytes = reader.whole<std::uint64_t>(*bytes, 0, std::uint64_t{1} << 50).value_or(0);
    else
        reader.problem(tree.place, file.name + " has no size");
    return file;
}

}  // namespace

std::uint64_t Card::bytes() const {
    std::uint64_t sum = 0;
    for (const auto& file : files) sum += file.bytes;  // 3000 of at most 2^50
    return sum;
}

std::string write_card(const Card& card) {
    std::string text =
        "# What is in this pack. `legume play` plays it; any program for tar files opens it.\npack: 1\nlegume: " +
        quoted(card.legume) + "\n";
    if (!card.title.empty()) text += "title: " + quoted(card.title) + "\n";
    if (!card.licence.empty()) text += "licence: " + quoted(card.licence) + "\n";
    text += "patch: " + quoted(card.patch) + "\n" + list("needs", card.needs) + list("folders", card.folders);
    text += "files:\n";
    for (const auto& file : card.files) {
        text +=
            "  - {name: " + quoted(file.name) + ", bytes: " + std::to_string(file.bytes) + ", sha256: " + file.sha256;
        if (!file.licence.empty()) text += ", licence: " + quoted(file.licence);
        if (!file.source.empty()) text += ", source: " + quoted(file.source);
        text += "}\n";
    }
    return text;
}

Card read_card(const std::string& text, const std::string& name, Problems& problems) {
    Card card;
    const Tree root = load_tree(text, name, problems);
    if (!problems.empty()) return card;
    Reader reader(problems);
    if (root.kind != Kind::map) {
        reader.problem({name, 1, 1}, "this is no card of a pack");
        return card;
    }
    card.legume = text_of(reader, root, "legume");
    if (const auto* format = reader.word(root, "pack"); !format || format->text != "1") {
        reader.problem(format ? format->place : root.place,
                       "this legume reads packs of format 1" +
                           (card.legume.empty() ? ", and this is none" : ", and this is of legume " + card.legume) +
                           "; play it with that one, or a newer one");
        return card;
    }
    reader.known(root, "a card", {"pack", "legume", "title", "licence", "patch", "needs", "folders", "files"});
    card.title = text_of(reader, root, "title");
    card.licence = text_of(reader, root, "licence");
    card.patch = text_of(reader, root, "patch");
    card.needs = read_list(reader, root, "needs");
    card.folders = read_list(reader, root, "folders");
    for (const auto& folder : card.folders)
        if (!safe_name(folder)) reader.problem(root.place, "\"" + folder + "\" is no name for a folder in a pack");
    if (const auto* files = reader.part(root, "files", Kind::list, "- {name: ..., bytes: ..., sha256: ...}"))
        for (const auto& file : files->items) card.files.push_back(read_file(reader, file));
    if (card.files.size() > max_packed_files)
        reader.problem(root.place, "a pack has at most " + std::to_string(max_packed_files) + " files");

    std::vector<std::string> names;
    for (const auto& file : card.files) names.push_back(file.name + "/");
    std::sort(names.begin(), names.end());
    for (const auto& folder : card.folders)
        if (std::binary_search(names.begin(), names.end(), folder + "/"))
            reader.problem(root.place, folder + " is in it twice");
    for (std::size_t i = 1; i < names.size(); ++i)  // twice the same, or a folder where there is a file
        if (names[i].starts_with(names[i - 1]))
            reader.problem(root.place, names[i - 1].substr(0, names[i - 1].size() - 1) + " is in it twice");
    if (std::find(names.begin(), names.end(), card.patch + "/") == names.end())
        reader.problem(root.place, "the patch \"" + card.patch + "\" is none of its files");
    return card;
}

bool safe_name(std::string_view name) {
    if (name.empty() || name.size() > 1'000) return false;
    if (name.size() > 1 && name[1] == ':') return false;  // a drive
    for (const char c : name)
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7f || c == '\\') return false;
    for (std::size_t at = 0; at <= name.size();) {
        const auto end = std::min(name.find('/', at), name.size());
        const auto part = name.substr(at, end - at);
        if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
        at = end + 1;
    }
    return true;
}

}  // namespace legume

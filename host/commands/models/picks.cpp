// Read as any YAML, since people edit it; written whole, since others read it meanwhile.
// SPDX-License-Identifier: MIT
#include "host/commands/models/picks.h"

#include <charconv>
#include <fstream>
#include <iterator>

#include "host/patch/yaml.h"
#include "host/system/command.h"
#include "nodes/files/atomic_file.h"

namespace legume {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const Problem& problem) {
    throw CommandError(to_string(problem) + "; mend it, or move the file away");
}

template <class T>
bool read_whole(const std::string& text, T& into) {
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, into);
    return !text.empty() && read.ec == std::errc() && read.ptr == end;
}

void read_pick(const Tree& tree, Picks& picks) {
    if (tree.kind == Tree::Kind::text) {
        picks[tree.text] = {};
        return;
    }
    const Tree* const file = tree.find("file");
    if (tree.kind != Tree::Kind::map || !file || file->kind != Tree::Kind::text)
        refuse({tree.place, "a pick wants a file: {file: takes/NAME.flac, star: true}"});
    Pick pick;
    for (const auto& field : tree.items) {
        std::uint64_t seed = 0;
        if (field.key == "star" && (field.text == "true" || field.text == "false"))
            pick.star = field.text == "true";
        else if (field.key == "seed" && read_whole(field.text, seed))
            pick.seed = seed;
        else if (field.key != "file" && !(field.key == "step" && read_whole(field.text, pick.step)))
            refuse({field.key_place, "a pick has a file, star: true or false, and a whole step and seed"});
    }
    picks[file->text] = pick;
}

std::string quoted(const std::string& text) {
    std::string safe = "\"";
    for (const char c : text) safe += (c == '"' || c == '\\' ? std::string("\\") : std::string()) + c;
    return safe + "\"";
}

}  // namespace

Picks read_picks(const fs::path& run) {
    const auto file = run / "picks.yaml";
    std::ifstream in(file, std::ios::binary);
    if (!in) return {};
    Problems problems;
    const Tree root = load_tree({std::istreambuf_iterator<char>(in), {}}, file.string(), problems);
    if (!problems.empty()) refuse(problems.front());
    Picks picks;
    if (root.kind == Tree::Kind::nothing) return picks;
    const Tree* const list = root.find("picks");
    if (!list || list->kind == Tree::Kind::text || list->kind == Tree::Kind::map)
        refuse({root.place, "it wants picks: and a list below"});
    for (const auto& item : list->items) read_pick(item, picks);
    return picks;
}

void write_picks(const fs::path& run, const Picks& picks) {
    std::string text = "# Takes that were starred, and those that were dropped (star: false).\npicks:\n";
    for (const auto& [file, pick] : picks)
        text += "  - {file: " + quoted(file) + ", star: " + (pick.star ? "true" : "false") +
                ", step: " + std::to_string(pick.step) + (pick.seed ? ", seed: " + std::to_string(*pick.seed) : "") +
                "}\n";
    if (const auto failed = samplernn::write_atomically(run / "picks.yaml", text))
        throw CommandError((run / "picks.yaml").string() + " cannot be written: " + failed.message());
}

}  // namespace legume

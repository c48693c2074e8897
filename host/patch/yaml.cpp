// Reads files, or what a show kept of them, into patches, and the patches within them.
// SPDX-License-Identifier: MIT
#include "host/patch/yaml.h"

#include <algorithm>
#include <fstream>
#include <system_error>

#include "host/patch/stored_scenes.h"
#include "host/patch/subpatch.h"
#include "host/patch/tree.h"
#include "nodes/files/not_a_file.h"

namespace legume {
namespace {

// The first comment line that is no editor's line: what you hear.
std::string first_note(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        auto line = text.substr(at, end - at);
        at = end + 1;
        if (line.empty() || line[0] != '#' || line.find("yaml-language-server") != line.npos) continue;
        const auto from = line.find_first_not_of("# \t\r");
        if (from == line.npos) continue;
        return std::string(line.substr(from, line.find_last_not_of(" \t\r") + 1 - from));
    }
    return {};
}

LoadedPatch unreadable(const std::string& file, Problems problems) {
    LoadedPatch loaded;
    loaded.patch.file = file;
    loaded.patch.files = {file};
    loaded.problems = std::move(problems);
    loaded.readable = false;
    return loaded;
}

using Names = std::vector<std::string>;

LoadedPatch load(const std::filesystem::path& file, const Names& within, const Texts* kept);

// `within` are the files that are being read: a patch that plays itself would never end.
LoadedPatch load_text(std::string text, const std::string& name, const Names& within, const Texts* kept = nullptr) {
    if (text.size() > max_yaml_bytes)
        return unreadable(name, {{{name, 1, 1}, "a patch has at most 1 MB; is this one?"}});
    if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);  // the byte order mark of Windows' editors
    LoadedPatch loaded;
    const Tree root = load_tree(text, name, loaded.problems);
    if (root.kind == Tree::Kind::nothing && !loaded.problems.empty())
        return unreadable(name, std::move(loaded.problems));
    loaded.patch = read_patch(root, name, loaded.problems);
    loaded.patch.note = first_note(text);
    loaded.readable = root.kind == Tree::Kind::map;
    loaded.patch.files.push_back(name);
    loaded.patch.texts[name] = std::move(text);
    if (loaded.readable) {
        auto inside = within;
        inside.push_back(std::filesystem::weakly_canonical(name).string());
        flatten(loaded.patch, loaded.problems,
                [&](const std::filesystem::path& file) { return load(file, inside, kept); });
    }
    tidy(loaded.problems);
    return loaded;
}

LoadedPatch load(const std::filesystem::path& file, const Names& within, const Texts* kept) {
    const auto refuse = [&](const std::string& why) {
        return unreadable(file.string(), {{{file.string(), 0, 0}, why}});
    };
    std::error_code error;
    const auto itself = std::filesystem::weakly_canonical(file, error).string();
    if (std::find(within.begin(), within.end(), itself) != within.end())
        return refuse("this patch plays itself without end; take it out of itself");
    if (kept) {
        auto text = read_text(file, kept);
        return text ? load_text(std::move(*text), file.string(), within, kept)
                    : refuse("the show has not kept this file");
    }
    const auto status = std::filesystem::status(file, error);
    if (!std::filesystem::exists(status)) return refuse("there is no such file; look at its name and folder");
    if (const auto why = not_a_file(file)) return refuse("this " + *why);
    if (std::filesystem::is_directory(status)) return refuse("this is a folder; name the patch in it");
    std::ifstream in(file, std::ios::binary);
    if (!in) return refuse("the file cannot be read; look at its permissions");
    std::string text(max_yaml_bytes + 1, '\0');  // no more than that, whatever the file may be
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad()) return refuse("the file cannot be read; look at the disk");
    text.resize(static_cast<std::size_t>(in.gcount()));
    return load_text(std::move(text), file.string(), within);
}

}  // namespace

LoadedPatch load_patch_text(std::string text, const std::string& name) { return load_text(std::move(text), name, {}); }
LoadedPatch load_patch(const std::filesystem::path& file, const Texts* kept) {
    auto loaded = load(file, {}, kept);
    if (loaded.readable) add_stored_scenes(loaded.patch, loaded.problems, kept);
    return loaded;
}

}  // namespace legume

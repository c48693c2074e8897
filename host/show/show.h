// What a show's log says: what was played, when, and on what; enough to play it again to the byte.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "graph/node.h"
#include "host/engine/runner.h"
#include "host/patch/texts.h"

namespace legume {

inline constexpr int show_format = 1;

// A patch as it began, or as it was taken up while it played. The first is number 0.
struct ShowEdit {
    struct Change {  // another patch, and not what played in another form
        Crossfade crossfade;
        std::uint64_t seed = 0;
    };
    std::string file;
    std::optional<Change> change;
    Texts texts;                         // all that it was read from
    std::optional<std::uint64_t> frame;  // from which on it is heard; nothing: the show ended before
};

// Which instance of a node: the edit that brought it, and its id.
struct ShowNode {
    std::size_t edit = 0;
    std::string id;
    auto operator<=>(const ShowNode&) const = default;
};

// A file that a node read.
struct ShowFile {
    ShowNode node;
    std::string option, named, file;  // what the option names, and the file itself, which may lie in it
    std::uint64_t size = 0;
    std::string sum;  // SHA-256; empty: the show ended before it was known
};

struct ShowControl {
    Applied applied;
    std::string source;
};

struct Show {
    std::string version, machine, began, cwd, after;  // after: the show that this one goes on from
    std::string device;
    double rate = 0;
    int buffer = 0, inputs = 0, outputs = 0;
    std::uint64_t seed = 0;
    double beat = 0;  // of the transport, at the first frame
    std::vector<ShowEdit> edits;
    std::vector<ShowControl> controls;  // in the order in which they were applied
    // By the decision's name.
    std::map<std::pair<ShowNode, std::string>, std::vector<TimingDecision::Answer>> decisions;
    std::vector<ShowFile> files;
    std::map<ShowNode, std::string> kept;  // what nodes went on from after a crash
    std::uint64_t frames = 0;              // up to which all is known
    bool ended = false;                    // by itself, and not by a crash
    std::size_t damaged = 0;               // line from which on it cannot be read; 0: none
};

// Reads as far as the text is whole. Throws CommandError when it is no log, or one of another format; `name` stands in
// what it says.
Show read_show(std::string_view text, const std::string& name);

// A show's folder as it was asked for: its path, its name among the player's shows, or "last". Throws CommandError.
std::filesystem::path find_show(const std::string& asked);
Show open_show(const std::filesystem::path& folder);  // throws CommandError

std::filesystem::path newest_show(const std::filesystem::path& shows);  // empty: there is none

// Where shows are kept when nothing else is said: $XDG_DATA_HOME/legume/shows, else ~/.local/share/legume/shows.
std::filesystem::path shows_folder();

// A file of the show's: NAME.wav, or what a crash left of it; empty when there is neither.
std::filesystem::path show_sound(const std::filesystem::path& folder, const std::string& name);

inline constexpr const char* show_log_name = "show.log";

}  // namespace legume

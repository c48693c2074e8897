// What a pack says of itself, as card.yaml in it: its patch, what that needs, and every file with its hash.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/patch/patch.h"

namespace legume {

inline constexpr const char* card_name = "card.yaml";
inline constexpr std::size_t max_card_bytes = 1'000'000, max_packed_files = 3'000;

struct PackedFile {
    std::string name;  // in the pack, with slashes
    std::uint64_t bytes = 0;
    std::string sha256;
    std::string licence, source;  // as the README beside it has them; empty: it has none
    bool operator==(const PackedFile&) const = default;
};

struct Card {
    std::string legume;  // the version that packed it
    std::string title, licence;
    std::string patch;                 // the file to play
    std::vector<std::string> needs;    // a line each
    std::vector<std::string> folders;  // for what it writes
    std::vector<PackedFile> files;     // in the order that they lie in
    bool operator==(const Card&) const = default;
    std::uint64_t bytes() const;  // of all files
};

// The same text for the same card.
std::string write_card(const Card& card);
// What is wrong with it becomes a problem, a file's name that leads out of the folder too.
Card read_card(const std::string& text, const std::string& name, Problems& problems);

// Whether a file of that name stays in the folder that it is unpacked to, on any system.
bool safe_name(std::string_view name);

}  // namespace legume

// YAML text as maps, lists and words, each with its place, before it means anything: the only door to yaml-cpp.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/patch/value.h"

namespace legume {

inline constexpr std::size_t max_yaml_bytes = 1'000'000;  // of a file, and of its text once aliases are followed

struct Tree {
    enum class Kind { nothing, text, list, map };
    Kind kind = Kind::nothing;
    std::string text;         // as written, without its quotes
    std::vector<Tree> items;  // of a list, or of a map: then each has a key, and no two the same
    Place place;              // of the text's first character, inside its quotes
    std::string key;
    Place key_place;
    const Tree* find(std::string_view name) const;  // in a map; nullptr when absent
};

// `name` stands in the places. With problems, which then say what is wrong with the text, the tree is not whole; where
// reading on made no sense, it is nothing.
Tree load_tree(const std::string& text, const std::string& name, Problems& problems);

std::string quoted(const std::string& text);  // as a word of YAML, whatever is in it but control characters

}  // namespace legume

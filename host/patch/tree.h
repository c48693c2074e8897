// A patch's text as maps, lists and words, each with its place, before it means anything; and what it means.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/base/range.h"
#include "graph/patch/patch.h"

namespace legume {

// Limits of the patch's own settings.
inline constexpr Range length_range{.min = 0.001f, .max = 86'400, .unit = Unit::seconds};
inline constexpr float least_grid_beats = 1.0f / 32, most_grid_beats = 256;
inline constexpr Range depth_range{.min = -100, .max = 100};

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

// Whatever is wrong becomes a problem; what is right beside it is read all the same, so that check() sees it too.
// A node without a type keeps an empty one, a binding without a source has none.
Patch read_patch(const Tree& root, const std::string& file, Problems& problems);

}  // namespace legume

// What a patch's text means, once it is maps, lists and words.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "graph/base/range.h"
#include "graph/patch/patch.h"
#include "nodes/files/yaml.h"

namespace legume {

// Limits of the patch's own settings.
inline constexpr Range length_range{.min = 0.001f, .max = 86'400, .unit = Unit::seconds};
inline constexpr float least_grid_beats = 1.0f / 32, most_grid_beats = 256;
inline constexpr Range depth_range{.min = -100, .max = 100};

// Whatever is wrong becomes a problem; what is right beside it is read all the same, so that check() sees it too.
// A node without a type keeps an empty one, a binding without a source has none.
Patch read_patch(const Tree& root, const std::string& file, Problems& problems);

}  // namespace legume

// Patches as YAML text.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "graph/patch/patch.h"
#include "host/patch/texts.h"
#include "host/patch/tree.h"

namespace legume {

struct LoadedPatch {
    Patch patch;           // as much of it as could be read
    Problems problems;     // in the order of the text; not empty: it must not be played
    bool readable = true;  // false: no file, or no YAML, so that check() has nothing to look at
};

// Read from the disk, or from what a show kept.
LoadedPatch load_patch(const std::filesystem::path& file, const Texts* kept = nullptr);
// `name` stands in the places, and files named in the text are relative to its folder.
LoadedPatch load_patch_text(std::string text, const std::string& name);

}  // namespace legume

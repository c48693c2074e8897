// A set's text: which patches are played one after the other, and how each of them comes in.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "graph/patch/patch.h"
#include "host/engine/changeover.h"

namespace legume {

struct SetPatch {
    std::filesystem::path file;
    std::string title;    // empty: the patch's own
    Crossfade crossfade;  // when it comes in
};

struct SetText {
    std::string file;  // empty: it stands on the command line
    std::string title;
    std::vector<SetPatch> patches;
    Crossfade crossfade;            // of whatever else comes in
    std::vector<Binding> bindings;  // of the set and the transport, whichever patch plays
    Problems problems;
};

inline constexpr double longest_crossfade = 120;  // seconds

// Nothing when the file is no set: then it is a patch, or whoever opens it as one says what is wrong.
std::optional<SetText> load_set(const std::filesystem::path& file);

}  // namespace legume

// Patches within a patch: `type: patch` is played as the nodes of its file, under the node's name.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>

#include "graph/patch/patch.h"

namespace legume {

struct LoadedPatch;

inline constexpr std::size_t max_patch_nodes = 4096;  // however deep they stand

// Puts the nodes, wires and bindings of every such file in the node's place: `tone` of `strip` becomes `strip/tone`,
// `strip.in` what the file's `ports:` says of `in`, a bare `strip` its port `in` or `out`. `with:` sets what the file's
// nodes have. `load` gives the file's patch, flat itself; it knows which files are being read already.
void flatten(Patch& patch, Problems& problems, const std::function<LoadedPatch(const std::filesystem::path&)>& load);

}  // namespace legume

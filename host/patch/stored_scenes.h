// Scenes that a player stores: in NAME.scenes.yaml beside the patch, which itself is never written.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graph/patch/patch.h"
#include "host/patch/texts.h"

namespace legume {

std::filesystem::path stored_scenes_file(const std::filesystem::path& patch);
// Reads them, when there are any. What they name and is gone is left out by check(), which says so.
void add_stored_scenes(Patch& patch, Problems& problems, const Texts* kept);
// In the place of the one of that name, else at the end.
void store_scene(std::vector<Scene>& scenes, Scene scene);
std::string write_stored_scenes(const std::vector<Scene>& scenes);  // of these, those that are stored

}  // namespace legume

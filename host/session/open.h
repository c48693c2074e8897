// What every command does with a patch first: load it and check it.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "graph/check.h"
#include "host/patch/texts.h"

namespace legume {

// Loads with what was learned beside it, edits and checks; the problems of all are in `problems`. Of a pack it is the
// patch in it. With `kept` the texts are those that a show kept, and not the disk's.
Checked open_patch(const std::filesystem::path& file, const std::function<void(Patch&)>& edit = {},
                   const Texts* kept = nullptr);
Checked open_patch_text(const std::string& text, const std::string& name);  // which stands in the places
// How many channels of the device the patch's nodes ask for.
int device_inputs(const Checked& checked);
int device_outputs(const Checked& checked);  // at least 1

}  // namespace legume

// NAME.controls.yaml beside a patch: the bindings that a hand has taught, so that the patch itself is never written.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "graph/patch/patch.h"
#include "host/patch/texts.h"

namespace legume {

std::filesystem::path controls_file(const std::filesystem::path& patch);  // "drift.yaml" -> "drift.controls.yaml"

// Adds its bindings to those of the patch, its problems with their places, and itself to the files that are watched.
// No file is no problem.
void load_learned(const std::filesystem::path& patch, Patch& into, Problems& problems, const Texts* kept = nullptr);

// Binds the control to a param, in place of what it was taught before; all else in the file stays as it was
// written. Gives what is wrong, with its next step, or nothing.
std::string store_learned(const std::filesystem::path& patch, const MidiSource& control, const Endpoint& to);

}  // namespace legume

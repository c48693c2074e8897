// A take's recipe: the checkpoint, seed, voice and temperature that give it back, as its sound file carries them.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/checkpoint/quantise.h"
#include "nodes/sound/sound_file.h"

namespace legume::samplernn {

struct Recipe {
    std::string checkpoint;  // SHA-256 of its file
    std::int64_t step = 0;
    std::uint64_t seed = 0, voice = 0;
    float temperature = 1;
    Precision precision = Precision::fp32;
    bool operator==(const Recipe&) const = default;
};
// "legume take 1 checkpoint=9f86... step=4000 seed=7 voice=3 temperature=0.9 precision=int8", and back.
std::string print(const Recipe& recipe);
std::optional<Recipe> parse_recipe(std::string_view text);  // nothing when it is none, or a later legume's

std::string checkpoint_hash(const std::filesystem::path& file);  // throws ModelError when it cannot be read

// The coarser one of FLAC's that still gives every level back.
SoundFormat take_format(const Levels& levels);

// The step that a take's name begins with, as legume names them: 00000640-seed7-voice01-t0.9-2s.flac.
std::optional<std::int64_t> step_in_name(const std::filesystem::path& file);

// The takes in a folder that are whole, by name; none when there is no such folder.
std::vector<std::filesystem::path> find_takes(const std::filesystem::path& folder);

// A take as the levels it was drawn from. Throws ModelError, with the file's name, when it has no recipe, or is not of
// this network, whose checkpoint has that hash.
struct Take {
    Recipe recipe;
    std::vector<int> levels;
};
Take read_take(const std::filesystem::path& file, const Config& config, const std::string& hash);

}  // namespace legume::samplernn

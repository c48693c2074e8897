// The checkpoints of a training run, from the youngest to the oldest, as far as they are one network.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "nodes/samplernn/checkpoint/checkpoint.h"

namespace legume::samplernn {

struct Age {
    std::filesystem::path file;
    double age = 0;  // share of the run's updates, 0..1
};

struct Run {
    std::vector<Age> ages;              // rising; one at least
    std::vector<std::string> left_out;  // what cannot be played beside the newest, and why: a line each
    std::int64_t newest = 0;            // its update
};

// Of what a model option names: a folder gives all its checkpoints, and a file itself alone. Ages go by the steps in
// the headers, on the newest's scale; where those do not rise, the checkpoints lie evenly. With `up_to` it is the run
// as it was when its newest, or its best, was that of this update. Throws ModelError when the newest cannot be played.
Run read_checkpoints_of(const std::filesystem::path& model, std::optional<std::int64_t> up_to = {});

// The file of the checkpoint that is nearest to that age.
std::filesystem::path nearest(const Run& run, double age);

// In what `other` is another network than `like`: "dim is 128, and 256 in the newest"; nothing when it is only older.
std::string difference(const Config& like, const Config& other);

}  // namespace legume::samplernn

// What a training run leaves behind as it grows: checkpoints on their schedule, each with the takes that it made.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>

#include "nodes/samplernn/model.h"
#include "nodes/samplernn/train.h"

namespace legume::samplernn {

inline constexpr double take_seconds = 2;

// The share of the run after which checkpoint k of n is written: dense at first.
double checkpoint_share(int k, int n);

// Makes the run's folders; throws ModelError when they cannot be made.
void begin_timeline(const std::filesystem::path& run);

// Writes the checkpoint, named by its step, and its take; gives the file. `stored` is `checkpoint` as the file will
// hold it. Throws ModelError, SoundError.
std::filesystem::path add_to_timeline(const TrainSettings& settings, const Checkpoint& checkpoint,
                                      const Checkpoint& stored, std::uint64_t seed);

}  // namespace legume::samplernn

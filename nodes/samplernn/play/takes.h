// The takes of a training run as one loop: what plays where the network itself is too slow for the machine.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

namespace legume::samplernn {

struct Takes {
    std::vector<float> loop;          // mono; every take fades into the next, and the last into the first
    std::vector<std::size_t> starts;  // where each begins, the newest first
};

inline constexpr double most_take_seconds = 240;  // older ones are left out

// From takes/ beside the checkpoint, or beside the checkpoints/ that it lies in; the newest has the highest name.
// Throws ModelError when there are none, or one cannot be read.
Takes read_takes(const std::filesystem::path& checkpoint, double rate);
// The files that it would read; none when there are none.
std::vector<std::filesystem::path> takes_beside(const std::filesystem::path& checkpoint);

}  // namespace legume::samplernn

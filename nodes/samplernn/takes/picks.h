// A training run as those see it who play its takes: what there is, how old each is, and which were picked.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace legume {

struct RunTake {
    std::filesystem::path file;
    std::int64_t step = 0;  // update of the training at which it was made; 0 when nothing says
    bool star = false;
};

// What is wrong with a run as a whole, with its name: "my-run has no takes; ...".
class RunError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The FLACs in RUN/takes, or else in the folder itself, the youngest first; without those that picks.yaml drops.
// Throws RunError when there are none, or picks.yaml cannot be read.
std::vector<RunTake> read_takes_of(const std::filesystem::path& run);

// Those of them that picks.yaml stars, in its order. Throws RunError also when there are none.
std::vector<RunTake> read_stars(const std::filesystem::path& run);

// Its picks.yaml, when there is one.
std::vector<std::filesystem::path> picks_of(const std::filesystem::path& run);

}  // namespace legume

// A training run as those see it who play its takes: what there is, how old each is, and which were picked.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace legume {

// What is wrong with a run as a whole, with its name: "my-run has no takes; ...".
class RunError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Pick {
    bool star = true;  // false: dropped, and not to be played again
    std::int64_t step = 0;
    std::optional<std::uint64_t> seed;  // none: the take carries no recipe
    std::size_t place = 0;              // in the file, counted from 0
};
// By the take's file, relative to the run; what is neither starred nor dropped is not there.
using Picks = std::map<std::string, Pick>;

// RUN/picks.yaml, which `legume listen`, the report or a hand wrote:
// picks:
//   - {file: "takes/00000640-seed7-voice01-t0.9-2s.flac", star: true, step: 640, seed: 7}
// A bare file is a star too. No file is no picks. Both throw RunError.
Picks read_picks(const std::filesystem::path& run);
void write_picks(const std::filesystem::path& run, const Picks& picks);

struct RunTake {
    std::filesystem::path file;
    std::int64_t step = 0;  // update of the training at which it was made; 0 when nothing says
    bool star = false;
};

// The FLACs in RUN/takes, or else in the folder itself, the youngest first; without those that picks.yaml drops.
// Throws RunError when there are none, or picks.yaml cannot be read.
std::vector<RunTake> read_takes_of(const std::filesystem::path& run);

// Those of them that picks.yaml stars, in its order. Throws RunError also when there are none.
std::vector<RunTake> read_stars(const std::filesystem::path& run);

// Its picks.yaml, when there is one.
std::vector<std::filesystem::path> picks_of(const std::filesystem::path& run);

}  // namespace legume

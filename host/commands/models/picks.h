// The takes of a run that were chosen, in its picks.yaml: by `legume listen`, in the report, or by hand.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace legume {

struct Pick {
    bool star = true;  // false: dropped, and not to be played again
    std::int64_t step = 0;
    std::optional<std::uint64_t> seed;  // none: the take carries no recipe
};
// By the take's file, relative to the run; what is neither starred nor dropped is not there.
using Picks = std::map<std::string, Pick>;

// picks:
//   - {file: "takes/00000640-seed7-voice01-t0.9-2s.flac", star: true, step: 640, seed: 7}
// A bare file is a star too. No file is no picks. Both throw CommandError.
Picks read_picks(const std::filesystem::path& run);
void write_picks(const std::filesystem::path& run, const Picks& picks);

}  // namespace legume

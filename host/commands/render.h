// Plays a patch offline, as fast as the machine goes, into a sound file.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace legume {

struct RenderRequest {
    std::filesystem::path patch;
    std::filesystem::path out;
    std::optional<double> seconds;  // else what is left of the patch's `length`
    double from = 0;                // seconds into the piece, as its cues tell the time
    double rate = 48'000;
    int channels = 0;                   // 0: as many as the patch's outputs have
    std::optional<std::uint64_t> seed;  // else the patch's, else a new one
};

int render(const RenderRequest& request);  // exit code

}  // namespace legume

// Plays a patch live, under MIDI and OSC, until it is told to stop.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/osc/settings.h"

namespace legume {

struct PlayRequest {
    std::vector<std::filesystem::path> patches;  // a set of several, or one file that may be a set
    std::optional<double> crossfade;             // seconds; else what the set says, or 2
    std::string device;                          // empty: as remembered, else the system's default
    double rate = 0;                             // 0: as remembered, else the device's own
    int buffer = 0;
    std::optional<std::uint64_t> seed;
    std::optional<double> seconds;  // then it ends by itself
    double from = 0;                // seconds into the piece, as its cues tell the time
    std::filesystem::path record;   // empty: nothing is recorded
    std::filesystem::path shows;    // where the show is kept; empty: in the player's own folder
    bool keep = true;               // false: nothing is kept of it
    bool osc = true;
    OscSettings osc_settings;
    std::string learn;    // "node/param", or "next" for what OSC moves next: the next control is bound to it
    bool resume = false;  // goes on where this patch's last show ended in the middle
    bool verbose = false;
};

int play(const PlayRequest& request);  // exit code

}  // namespace legume

// Plays a set through on the real device, and says what would break the show, each with its remedy.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "graph/patch/patch.h"

namespace legume {

struct RehearseRequest {
    std::vector<std::filesystem::path> patches;
    double minutes = 20;
    std::string device;  // as of PlayRequest
    double rate = 0;
    int buffer = 0;
    bool verbose = false;
};

int rehearse(const RehearseRequest& request);  // exit code: 1 when something would break the show

// What was found: the fact, and what helps.
struct Finding {
    bool breaks = false;  // the show; otherwise it is worth knowing
    std::string text;
};
using Findings = std::vector<Finding>;

// What can be known without playing.
Findings permissions(bool real_time, bool memory);
Findings missing_controllers(const Patch& patch, const std::vector<std::string>& ports);
Findings disk_room(std::uintmax_t bytes_free, double bytes_a_second, double minutes);
Findings rates(double asked, double given);

// A minute of playing.
struct Minute {
    int number = 1;
    double load = 0, most = 0;  // share of the time there is: on average, and at the worst
    std::uint64_t late = 0, gaps = 0;
    double covering = 0;  // at the most
};
std::string line(const Minute& minute);
Findings analyse(const std::vector<Minute>& minutes, const std::string& causes);

}  // namespace legume

// The line at the bottom while a patch plays: what the player has to see at a glance, as much of it as fits.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace legume {

struct Status {
    double seconds = 0;
    double level = 0;  // dB
    double load = 0;   // 0..1, as covering
    std::uint64_t late = 0, xruns = 0;
    double covering = 0;
    std::string transport, set, last;  // last: what moved last, and to where
};

// Where columns are few, the least important goes first: a covering of nothing, what moved last, the set. The time and
// the level stay longest.
std::string status_line(const Status& status, int columns);

}  // namespace legume

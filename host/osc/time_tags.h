// When a bundle is due whose time tag is honoured, although no two computers' clocks agree.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "host/system/peer.h"

namespace legume {

// A sender's first tag means the moment of its arrival; later ones keep the distance from it that they say. A tag that
// is more than a second off is no appointment but another clock (a sender that began anew, the year 1900, a far
// future): its bundle is for now, and is the sender's first again.
class TimeTags {
  public:
    // Seconds that this bundle is to be held, 0 to 1. `ntp` as OSC has it, `arrival` in seconds of any steady clock.
    double hold(const OscPeer& sender, std::uint64_t ntp, double arrival);

  private:
    std::map<std::pair<std::uint32_t, std::uint16_t>, double> offsets_;  // arrival - tag
};

}  // namespace legume

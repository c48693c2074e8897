// What a player says about OSC on the command line.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "host/osc/socket.h"

namespace legume {

struct OscSettings {
    int port = 9770;
    OscSocket::Listen listen = OscSocket::Listen::loopback;
    std::vector<std::uint32_t> allow;  // other computers that are heard with Listen::lan; all when empty
    bool honour_time_tags = false;     // else all is for now
    bool query = true;                 // OSCQuery, on the TCP port of the same number
    bool hears(std::uint32_t address) const {
        return is_here(address) || allow.empty() || std::find(allow.begin(), allow.end(), address) != allow.end();
    }
};

}  // namespace legume

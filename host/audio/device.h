// The sound card that a person wished for, once or on another day.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "graph/base/say.h"
#include "host/audio/audio.h"

namespace legume {

struct DeviceWish {
    std::string device;  // empty: as remembered, else the system's default
    double rate = 0;     // 0: as remembered, else the device's own
    int buffer = 0;
    bool verbose = false;
};

// Opens it and remembers what was wished for. Throws std::runtime_error.
std::unique_ptr<AudioDevice> open_wished(const DeviceWish& wish, int inputs, int outputs, const Say& say);

}  // namespace legume

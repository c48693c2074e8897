// Plays the takes of a run one by one, while it grows too, and keeps what is starred.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>

#include "host/audio/device.h"

namespace legume {

struct ListenRequest {
    std::filesystem::path run;
    bool follow = false;  // only takes that appear from now on; ends with the program that started it
    DeviceWish device;
    std::optional<double> seconds;  // then it ends by itself
    bool osc = true;
    std::optional<int> osc_port;  // none: 9770, and none at all when that is taken
};

int listen(const ListenRequest& request);  // exit code

}  // namespace legume

// Plays a show again from what was kept of it, faster than it sounded: `render --replay`.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace legume {

struct ReplayRequest {
    std::string show;  // its folder, its name, or "last"
    std::filesystem::path out;
    std::optional<double> seconds;    // from its beginning; else all of it
    bool without_dropouts = false;    // as if nothing had been late
    std::vector<std::string> models;  // "MODEL" in the place of all networks, "NODE=MODEL" of one
    bool stems = false;
};

int replay(const ReplayRequest& request);  // exit code

}  // namespace legume

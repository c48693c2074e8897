// Turns a network that another SampleRNN trained into one that legume plays.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace legume {

struct ImportRequest {
    std::filesystem::path file;  // safetensors, with the source's own names
    std::filesystem::path out;
    std::string from;            // unisound, prism or deepsound
    std::optional<double> rate;  // Hz
    std::string quantiser;       // mu_law or linear; empty: the source's own
};

int import_network(const ImportRequest& request);  // exit code

}  // namespace legume

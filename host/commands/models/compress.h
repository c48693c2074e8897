// Stores a network smaller, and measures what it costs to play it in int8.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace legume {

struct CompressRequest {
    std::filesystem::path model;    // a checkpoint, or a folder of them
    std::filesystem::path out;      // empty: nothing is written, and only measured
    std::filesystem::path measure;  // a sound or a folder of them; empty: nothing is measured
    std::optional<double> prune;    // share of the blocks that become zero
    std::string store = "f16";      // f32, f16 or int8
};

int compress(const CompressRequest& request);  // exit code

}  // namespace legume

// Renders takes from the checkpoints of a run, young and old, each with the recipe that gives it back.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace legume {

struct TakesRequest {
    std::filesystem::path run;  // or a folder of checkpoints; takes go into its takes/
    int count = 22;             // evenly over the checkpoints
    double seconds = 10;
    double from = 0, to = 1;          // ages
    std::vector<float> temperatures;  // in turn; none: 1
    std::optional<std::uint64_t> seed;
    std::string checkpoint;  // a step or a file, and no other
};

int takes(const TakesRequest& request);  // exit code

}  // namespace legume

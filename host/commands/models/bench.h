// Measures how fast this machine plays a network, by instruction set and precision, and what is in the way.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

namespace legume {

struct BenchRequest {
    std::filesystem::path model;  // a checkpoint, or a folder of them
    std::string shape;            // instead of a model: a network of random weights
    double seconds = 0.5;         // for each row
    bool json = false;
    bool breakdown = false;  // where the time of one voice goes, by the machine's best kernels
};

int bench(const BenchRequest& request);  // exit code

}  // namespace legume

// What `legume bench --json` printed on the machine that will play: how fast one voice goes there.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "nodes/samplernn/checkpoint/random_network.h"

namespace legume::samplernn {

struct BenchResult {
    NetworkShape shape;             // what the file says of it
    std::string cpu, isa;           // the fastest for one voice in int8
    double samples_per_second = 0;  // with that
};

// Throws ModelError: cannot be read, not a bench's, nothing measured in int8.
BenchResult read_bench(const std::filesystem::path& file);

}  // namespace legume::samplernn

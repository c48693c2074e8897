// Where a network's time goes, stage by stage, without a clock inside the engine: its kernels play under stopwatches.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/kernels/kernels.h"

namespace legume::samplernn {

struct Stage {
    std::string name;
    double us = 0;  // of a step, which makes a sample of each voice; a mean
};

// The last stage is what is left of the whole step. One at a time: kernels know nobody whom they could tell.
std::vector<Stage> profile(const Checkpoint& checkpoint, Precision precision, const Kernels& kernels, int voices,
                           double seconds);

}  // namespace legume::samplernn

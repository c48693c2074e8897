// How a window is cut so that learning from it fits into memory. The gradient stays exact, whatever the cuts.
// SPDX-License-Identifier: MIT
#pragma once

#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/train/learning.h"

namespace legume::samplernn {

struct GradientCheckpoints {
    int segment = 0;  // samples of the window that are held at once; 0: all of it
    int rows = 0;     // of the sample tier, at once in each lane; 0: as many as serve the speed
};

// Bytes that learning takes, with everything that grows with the network, the batch, the window and the segment.
double learning_bytes(const Config& config, int batch, int window, int segment, const Learning& learning = {});

// The longest segment for which that is no more than `bytes`, from these numbers alone: the same on every machine.
// Throws ModelError, with what would fit, when not even the shortest does.
GradientCheckpoints cut_window(const Config& config, int batch, int window, double bytes,
                               const Learning& learning = {});

int rows_at_once(const Config& config);  // in a lane
constexpr int most_lanes = 8;            // that are counted with buffers of their own

}  // namespace legume::samplernn

// How a network is learned, where its config says what it is: no checkpoint needs to know.
// SPDX-License-Identifier: MIT
#pragma once

namespace legume::samplernn {

struct Learning {
    bool weight_norm = false;  // of the layers outside the cells
    double dropout = 0;        // share of the tiers' outputs that an update does without, below 1
};

}  // namespace legume::samplernn

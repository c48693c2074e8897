// How a network is learned, where its config says what it is: no checkpoint needs to know.
// SPDX-License-Identifier: MIT
#pragma once

namespace legume::samplernn {

struct Learning {
    bool weight_norm = false;  // of the layers outside the cells
};

}  // namespace legume::samplernn

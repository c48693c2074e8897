// The kernels for every 64-bit ARM.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/kernels/kernels_body.h"

const legume::samplernn::Kernels legume::samplernn::neon_kernels = kernels_for("neon");

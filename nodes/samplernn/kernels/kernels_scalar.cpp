// The kernels for the least machine that legume is built for, which is what the others are held to.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/kernels/kernels_body.h"

const legume::samplernn::Kernels legume::samplernn::scalar_kernels = kernels_for("scalar");

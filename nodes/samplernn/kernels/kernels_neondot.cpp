// The kernels for ARM with dot products of bytes: the Cortex-A55, A76 and after.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/kernels/kernels_body.h"

const legume::samplernn::Kernels legume::samplernn::neondot_kernels = kernels_for("neondot");

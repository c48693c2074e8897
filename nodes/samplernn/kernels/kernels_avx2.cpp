// The kernels for AVX2: laptops.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/kernels/kernels_body.h"

const legume::samplernn::Kernels legume::samplernn::avx2_kernels = kernels_for("avx2");

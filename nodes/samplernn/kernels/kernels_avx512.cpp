// The kernels for AVX-512 with VNNI.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/kernels/kernels_body.h"

const legume::samplernn::Kernels legume::samplernn::avx512_kernels = kernels_for("avx512vnni");

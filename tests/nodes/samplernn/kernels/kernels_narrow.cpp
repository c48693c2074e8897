// What kernels_avxvnni.cpp computes, with AVX-512's encoding of the same instructions: for machines that lack AVX-VNNI.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/kernels/kernels_body.h"

extern const legume::samplernn::Kernels narrow_kernels;
const legume::samplernn::Kernels narrow_kernels = legume::samplernn::kernels_for("avxvnni's twin");

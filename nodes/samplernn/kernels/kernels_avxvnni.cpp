// The kernels for AVX2 with VNNI: laptops since 2021.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/kernels/kernels_body.h"

const legume::samplernn::Kernels legume::samplernn::avxvnni_kernels = kernels_for("avxvnni");

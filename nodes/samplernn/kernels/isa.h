// Chooses the kernels: the fastest that this machine runs, or those that LEGUME_ISA names.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "nodes/samplernn/kernels/kernels.h"

namespace legume::samplernn {

// Those that this build has and this machine runs, slowest first; scalar is always there.
std::vector<const Kernels*> playable_kernels();
// One of them by its name; empty means the fastest. Throws ModelError for any other name.
const Kernels& kernels_named(const std::string& isa);
// The one that LEGUME_ISA names, chosen once. Throws ModelError as kernels_named does.
const Kernels& kernels();

}  // namespace legume::samplernn

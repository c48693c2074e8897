// How fast this machine reads its caches and its memory: the wall that generation cannot pass.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

namespace legume::samplernn {

struct Machine {
    std::string cpu;                     // as the system names it
    int cores = 1;                       // that this process may use
    std::size_t l1 = 0, l2 = 0, l3 = 0;  // bytes of data that one core reaches; 0: none, or the system does not say
    // Bytes a second that one core reads in order; of a level that is not there 0.
    double l2_rate = 0, l3_rate = 0, memory_rate = 0;
};

// Reads for some tenths of a second.
Machine measure_machine();

// Seconds that reading `bytes` takes at the least, of weights that are `footprint` bytes in all and read again and
// again. Three quarters of a level hold weights, the rest what else there is; what L2 does not hold is read from L3,
// and what L3 does not hold from memory. The bytes are shared out as the footprint is.
double reading_seconds(const Machine& machine, double bytes, double footprint);

}  // namespace legume::samplernn

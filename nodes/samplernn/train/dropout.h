// What an update leaves out of the tiers' outputs (Srivastava et al. 2014), drawn from counters: by its place alone.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "nodes/dsp/random.h"

namespace legume::samplernn {

struct Dropout {
    double share = 0;
    std::uint64_t seed = 0, update = 0;

    // What to multiply with: 0, or what keeps the mean. `step` counts from the window's start.
    float factor(std::uint64_t tier, std::uint64_t step, std::uint64_t stream, std::uint64_t unit) const {
        const auto place = (step << 32) + (stream << 16) + unit;  // there are less than 2^16 of the last two
        return dsp::random_uniform(seed ^ 0xd409047u, update * 4 + tier, place) < share
                   ? 0.0f
                   : static_cast<float>(1 / (1 - share));
    }
};

}  // namespace legume::samplernn

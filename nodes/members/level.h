// A gain param in decibels as the factor that sound is multiplied by; -90 dB is silence.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "graph/base/math.h"
#include "graph/node.h"

namespace legume {

inline constexpr Range gain_range{.min = -90, .max = 24, .initial = 0, .unit = Unit::decibels};

inline Ramp amplitude(const Ramp& db) noexcept RT_SAFE {
    const auto to = static_cast<float>(math::amplitude(db.to));
    return {db.from == db.to ? to : static_cast<float>(math::amplitude(db.from)), to};
}

// Makes all that a node has written as loud as its gain says, channel by channel.
inline void amplify(const Block& b, const Out& out, const Param& gain) noexcept RT_SAFE {
    for (int ch = 0; ch < out.channels(b); ++ch) {
        const Ramp level = amplitude(gain.ramp(b, ch));
        const auto y = out.write(b, ch);
        for (int i = 0; i < block_frames; ++i) y[static_cast<std::size_t>(i)] *= level[i];
    }
}

inline constexpr float device_ceiling = 0.89125094f;  // -1 dBFS, what goes to a device at the most

// A peak meter's peak after a block: what is higher at once, else 20 dB a second down.
inline float falling_peak(float before, float of_block, double rate) noexcept RT_SAFE {
    return std::max(of_block, before * (1 - 2.3f / static_cast<float>(rate / block_frames)));
}

}  // namespace legume

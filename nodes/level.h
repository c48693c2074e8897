// A gain param in decibels as the factor that sound is multiplied by; -90 dB is silence.
// SPDX-License-Identifier: MIT
#pragma once

#include "graph/math.h"
#include "graph/node.h"

namespace legume {

inline constexpr Range gain_range{.min = -90, .max = 24, .initial = 0, .unit = Unit::decibels};

inline Ramp amplitude(const Ramp& db) noexcept RT_SAFE {
    const auto to = static_cast<float>(math::amplitude(db.to));
    return {db.from == db.to ? to : static_cast<float>(math::amplitude(db.from)), to};
}

}  // namespace legume

// Counter-based random numbers: any draw can be had again from (seed, stream, counter), on any machine, in any order.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "graph/base/rt.h"

namespace legume::dsp {

// Two rounds of splitmix64's finaliser (Steele, Lea, Flood 2014) over the mixed key.
inline std::uint64_t random_bits(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) noexcept RT_SAFE {
    auto mix = [](std::uint64_t z) {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    };
    return mix(mix(seed + 0x9e3779b97f4a7c15u * (stream + 1)) + 0x9e3779b97f4a7c15u * (counter + 1));
}
// Uniform in [0, 1), 53 bits.
inline double random_uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) noexcept RT_SAFE {
    return static_cast<double>(random_bits(seed, stream, counter) >> 11) * 0x1p-53;
}

}  // namespace legume::dsp

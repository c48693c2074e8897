// Half-precision floats as checkpoints store them; no machine's own conversion, so the same bytes everywhere.
// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>

namespace legume::samplernn {

inline std::uint16_t to_half(float value) {  // nearest, ties to even; what is too large becomes infinite
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
    const auto size = bits & 0x7fffffffu;
    if (size >= 0x477ff000u) return sign | 0x7c00u;  // 65520 and above, and non-finite
    if (size < 0x38800000u) {                        // below 2^-14: a multiple of 2^-24
        // Adding 0.5 puts the last place of the sum at 2^-24, so that the addition rounds to nearest even.
        const auto sum = std::bit_cast<std::uint32_t>(std::bit_cast<float>(size) + 0.5f);
        return static_cast<std::uint16_t>(sign | (sum - 0x3f000000u));
    }
    const auto even = (size >> 13) & 1u;
    return static_cast<std::uint16_t>(sign | ((size - 0x38000000u + 0xfffu + even) >> 13));
}

inline float from_half(std::uint16_t half) {
    const auto sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
    const auto size = static_cast<std::uint32_t>(half & 0x7fffu);
    if (size >= 0x7c00u) return std::bit_cast<float>(sign | 0x7f800000u | (size & 0x3ffu) << 13);
    if (size < 0x400u) {
        const float value = static_cast<float>(size) * 0x1p-24f;
        return sign ? -value : value;
    }
    return std::bit_cast<float>(sign | ((size << 13) + 0x38000000u));
}

}  // namespace legume::samplernn

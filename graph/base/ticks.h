// The processor's own clock, in a unit of its own: the cheapest way to tell which of several things took how much time.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#if !defined(__x86_64__) && !defined(__aarch64__)
#include <chrono>
#endif

#include "graph/base/rt.h"

namespace legume {

inline std::uint64_t ticks() noexcept RT_SAFE {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    std::uint64_t now;
    asm volatile("mrs %0, cntvct_el0" : "=r"(now));
    return now;
#else
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

}  // namespace legume

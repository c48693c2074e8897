// Flushes denormals to zero while it lives: decaying tails otherwise cost many times the time of sound.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace legume {

// Per thread. Held by the audio callback, every worker and render, so that all three compute the same bytes.
class NoDenormals {
  public:
#if defined(__SSE2__)
    NoDenormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040u); }  // flush to zero, denormals are zero
    ~NoDenormals() { _mm_setcsr(saved_); }

  private:
    unsigned saved_;
#elif defined(__aarch64__)
    NoDenormals() {
        asm volatile("mrs %0, fpcr" : "=r"(saved_));
        asm volatile("msr fpcr, %0" ::"r"(saved_ | (std::uint64_t{1} << 24)));
    }
    ~NoDenormals() { asm volatile("msr fpcr, %0" ::"r"(saved_)); }

  private:
    std::uint64_t saved_;
#else
    NoDenormals() {}
#endif
  public:
    NoDenormals(const NoDenormals&) = delete;
    NoDenormals& operator=(const NoDenormals&) = delete;
};

// Takes back, for this thread and those that it begins, what a library built with -ffast-math did when it was loaded.
inline void allow_denormals() {
#if defined(__SSE2__)
    _mm_setcsr(_mm_getcsr() & ~0x8040u);
#elif defined(__aarch64__)
    std::uint64_t control;
    asm volatile("mrs %0, fpcr" : "=r"(control));
    asm volatile("msr fpcr, %0" ::"r"(control & ~(std::uint64_t{1} << 24)));
#endif
}

}  // namespace legume

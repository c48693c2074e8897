// Asks the processor once what it runs.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/kernels/isa.h"

#if defined(__aarch64__)
#include <sys/auxv.h>
#elif defined(__x86_64__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "graph/patch/words.h"
#include "nodes/samplernn/checkpoint/checkpoint.h"

namespace legume::samplernn {
namespace {

constexpr const char* known[] = {"scalar", "avx2", "avxvnni", "avx512vnni", "neon", "neondot"};

#if defined(__x86_64__)
// Clang 14 has no name for these two. Source: Intel's manual, volume 2A, CPUID.
bool has_f16c() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}

bool has_avxvnni() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1u << 4);
}
#endif

}  // namespace

std::vector<const Kernels*> playable_kernels() {
    std::vector<const Kernels*> playable{&scalar_kernels};
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && has_f16c()) playable.push_back(&avx2_kernels);
    if (__builtin_cpu_supports("avx2") && has_f16c() && has_avxvnni()) playable.push_back(&avxvnni_kernels);
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vnni")) {
        playable.push_back(&avx512_kernels);
    }
#elif defined(__aarch64__)
    playable.push_back(&neon_kernels);
    if (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) playable.push_back(&neondot_kernels);
#endif
    return playable;
}

const Kernels& kernels_named(const std::string& isa) {
    const auto playable = playable_kernels();
    if (isa.empty()) return *playable.back();
    std::vector<std::string> names;
    for (const Kernels* kernels : playable) {
        if (isa == kernels->isa) return *kernels;
        names.emplace_back(kernels->isa);
    }
    const bool is_known = std::find(std::begin(known), std::end(known), isa) != std::end(known);
    throw ModelError("LEGUME_ISA=" + isa +
                     (is_known ? ": this machine or build lacks it" : ": no such instruction set") + "; here are " +
                     join(names));
}

const Kernels& kernels() {
    static const Kernels& chosen = []() -> const Kernels& {
        const char* forced = std::getenv("LEGUME_ISA");
        return kernels_named(forced ? forced : "");
    }();
    return chosen;
}

}  // namespace legume::samplernn

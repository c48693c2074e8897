// Streams through buffers that fit one level and not the one before, by the widest loads there are.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/bench/roofline.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

namespace legume::samplernn {
namespace {

constexpr std::size_t megabyte = std::size_t{1} << 20;
constexpr double holds = 0.75;        // of a level, weights
constexpr int rounds = 7;             // the best counts: whatever disturbs makes slower
constexpr std::size_t stride = 4096;  // bytes, a page; a multiple of what a loop reads
constexpr double round_seconds = 5e-3;

// One load. GCC drops such attributes where a type depends on a template's argument.
struct Narrow {
    typedef std::uint64_t Words __attribute__((vector_size(16), may_alias));
};
struct Wide {
    typedef std::uint64_t Words __attribute__((vector_size(32), may_alias));
};
struct Widest {
    typedef std::uint64_t Words __attribute__((vector_size(64), may_alias));
};

// Four sums, so that no addition waits for another.
template <class Load>
__attribute__((always_inline)) inline std::uint64_t read_by(const std::byte* from, std::size_t bytes) {
    using Words = typename Load::Words;
    const auto* at = reinterpret_cast<const Words*>(from);
    Words a = {}, b = {}, c = {}, d = {};
    for (const auto* end = at + bytes / sizeof(Words); at != end; at += 4) {
        a ^= at[0];
        b ^= at[1];
        c ^= at[2];
        d ^= at[3];
    }
    a ^= b ^ c ^ d;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < sizeof(Words) / sizeof(sum); ++i) sum ^= a[i];
    return sum;
}

using Reader = std::uint64_t (*)(const std::byte*, std::size_t);
std::uint64_t read_any(const std::byte* from, std::size_t bytes) { return read_by<Narrow>(from, bytes); }
#if defined(__x86_64__)
__attribute__((target("avx2"))) std::uint64_t read_avx2(const std::byte* from, std::size_t bytes) {
    return read_by<Wide>(from, bytes);
}
__attribute__((target("avx512f"))) std::uint64_t read_avx512(const std::byte* from, std::size_t bytes) {
    return read_by<Widest>(from, bytes);
}
#endif

std::vector<Reader> readers() {
    std::vector<Reader> found{read_any};
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) found.push_back(read_avx2);
    if (__builtin_cpu_supports("avx512f")) found.push_back(read_avx512);
#endif
    return found;
}

// Bytes a second of reading a buffer of that size again and again.
double rate_of(std::size_t bytes) {
    using Clock = std::chrono::steady_clock;
    bytes = bytes / stride * stride;
    const std::unique_ptr<std::byte, decltype(&std::free)> buffer(
        static_cast<std::byte*>(std::aligned_alloc(stride, bytes)), &std::free);
    if (!buffer) return 0;
    std::fill_n(buffer.get(), bytes, std::byte{1});
    volatile std::uint64_t kept = 0;
    double best = 0;
    for (const auto read : readers()) {
        kept = kept ^ read(buffer.get(), bytes);  // warms
        for (int round = 0; round < rounds; ++round) {
            const auto start = Clock::now();
            double seconds = 0;
            std::size_t times = 0;
            for (; seconds < round_seconds; ++times) {
                kept = kept ^ read(buffer.get(), bytes);
                seconds = std::chrono::duration<double>(Clock::now() - start).count();
            }
            best = std::max(best, static_cast<double>(times * bytes) / seconds);
        }
    }
    return best;
}

std::string first_word(const std::string& file) {
    std::string word;
    std::ifstream(file) >> word;
    return word;
}

// Linux tells each cache of the first core; other systems do not tell, and then only memory is measured.
void find_caches(Machine& machine) {
    for (int i = 0; i < 16; ++i) {
        const std::string cache = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(i) + "/";
        const auto level = first_word(cache + "level"), size = first_word(cache + "size");  // "2", "1024K"
        if (level.empty() || size.empty() || first_word(cache + "type") == "Instruction") continue;
        const auto bytes = static_cast<std::size_t>(std::atoll(size.c_str())) * (size.back() == 'M' ? megabyte : 1024);
        if (level == "1") machine.l1 = bytes;
        if (level == "2") machine.l2 = bytes;
        if (level == "3") machine.l3 = bytes;
    }
}

std::string find_cpu() {
    std::ifstream in("/proc/cpuinfo");
    for (std::string line; std::getline(in, line);) {
        const auto at = line.find(": ");
        if (line.rfind("model name", 0) == 0 && at != line.npos) return line.substr(at + 2);
    }
    return "unnamed processor";
}

}  // namespace

Machine measure_machine() {
    Machine machine;
    machine.cpu = find_cpu();
    machine.cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    find_caches(machine);
    if (machine.l2 > 0) machine.l2_rate = rate_of(machine.l2 / 2);
    // Four times L2, of which L2 can keep little; a guest may have been promised more of L3 than it gets.
    if (machine.l3 > 0) machine.l3_rate = rate_of(std::min(4 * machine.l2, machine.l3 / 2));
    const std::size_t last = std::max(machine.l2, machine.l3);
    machine.memory_rate = rate_of(std::clamp(4 * last, 64 * megabyte, 512 * megabyte));
    return machine;
}

double reading_seconds(const Machine& machine, double bytes, double footprint) {
    double left = 1, seconds = 0;  // shares of the footprint; seconds a byte
    const auto read = [&](std::size_t size, double rate) {
        if (rate <= 0 || footprint <= 0) return;
        const double share = std::min(left, holds * static_cast<double>(size) / footprint);
        seconds += share / rate;
        left -= share;
    };
    read(machine.l2, machine.l2_rate);
    read(machine.l3, machine.l3_rate);
    return bytes * (seconds + left / machine.memory_rate);
}

}  // namespace legume::samplernn

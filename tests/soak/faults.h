// What goes wrong in a set, and when: drawn from a seed, so that a set that failed can be had again.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace legume::test {

enum class Fault {
    flood,       // OSC, as fast as it goes, for two seconds
    reload,      // the patch is saved with another number in it
    rebuild,     // nodes come and go, or get other options
    storm,       // several such while the one before is still fading
    broken,      // the patch is saved with a fault, then mended
    change,      // another patch of the set
    controller,  // unplugged while a key is held, and plugged in again
    device,      // the sound server is killed, and started again
    freeze,      // legume gets no processor for a while
    load,        // other programs take all there is
    disk,        // a recording fills its disk
    time_tags,   // OSC from a clock that is wrong
    clock,       // MIDI clock jumps, stops, comes back
    position,    // the transport is set elsewhere
};
inline constexpr int fault_kinds = 14;
inline constexpr std::array<const char*, fault_kinds> fault_names{
    "OSC flood",    "reload",          "nodes rebuilt",    "storm of reloads", "broken patch",
    "patch change", "controller lost", "device lost",      "legume frozen",    "machine busy",
    "disk full",    "wrong time tag",  "MIDI clock jumps", "position jumps"};
// Seconds from one to the next, about; each comes once at least.
inline constexpr std::array<double, fault_kinds> fault_every{60, 6, 9, 30, 40, 24, 75, 60, 25, 45, 120, 30, 25, 30};

struct Event {
    double at;  // seconds
    Fault fault;
    std::uint64_t dice;
};

// splitmix64 (Steele et al., 2014): the same everywhere, as no distribution of the standard library is.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}
    std::uint64_t bits() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    double share() { return static_cast<double>(bits() >> 11) * 0x1p-53; }  // 0 to 1
    int up_to(int n) { return static_cast<int>(share() * n); }              // 0 to n - 1

  private:
    std::uint64_t state_;
};

// In the order of time, between the first seconds and the last.
std::vector<Event> draw_faults(std::uint64_t seed, double seconds);

}  // namespace legume::test

// Hands on a network's hidden units while it plays: what a tier says, and what becomes of its memory at each step.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>

namespace legume::samplernn {

// Of one voice. As it is made it changes nothing. The slow tier is the top one, the fast ones are all below it.
struct Bend {
    struct Tier {
        float gain = 1;     // of what it hands down: 0 is deaf to it, above 1 is exaggerated
        float noise = 0;    // the most that is added to a unit at a step
        float dropout = 0;  // share of the units that are silent, chosen anew twenty times a second
        float freeze = 0;   // share of the units that stand still, always the same ones
        bool idle() const { return !(noise > 0 || dropout > 0 || freeze > 0); }
        bool operator==(const Tier&) const = default;
    };
    Tier slow, fast;
    float drift = 0;  // how strongly units are drawn hither and thither, each on a slow random walk of its own
    bool operator==(const Bend&) const = default;
};

// Bends for all voices at one moment. Chance follows from seed, voice and clock alone, so that it falls the same on
// every machine and in any company; the clock counts samples and goes on where a state goes back.
struct Bending {
    std::span<const Bend> bends;  // of each voice
    std::uint64_t seed = 0, first_voice = 0, clock = 0;
    double rate = 16'000;  // samples a second
};

// A layer's units after a step. `before` is what they were; limit is the most that one may be, 1 for what passes
// tanh: int8 reads it on a fixed scale. `place` is the layer's among all.
void bend_units(const Bending& bending, int voice, bool slow, std::uint64_t place, std::span<float> units,
                std::span<const float> before, float limit) noexcept;
// Those of them that stand still, of other numbers of the same units.
void freeze_units(const Bending& bending, int voice, bool slow, std::uint64_t place, std::span<float> units,
                  std::span<const float> before) noexcept;
// What a tier hands down, about what it says when it says nothing.
void bend_gain(float gain, std::span<float> said, std::span<const float> nothing) noexcept;

}  // namespace legume::samplernn

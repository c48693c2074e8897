// Plain sums and products of floats in one order, so that a bent network has the same bytes on every machine too.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine/bend.h"

#include <algorithm>
#include <cstddef>

#include "nodes/dsp/random.h"

namespace legume::samplernn {
namespace {

constexpr double walk_seconds = 1.5;     // from one place of a walk to the next
constexpr double dropout_rate = 20;      // choices a second
constexpr float drift_of_a_step = 0.1f;  // at the most
enum Kind : std::uint64_t { noise = 0x6e6f697365, dropout = 0x64726f70, freeze = 0x667265657a65, walk = 0x77616c6b };

float chance(const Bending& bending, Kind kind, std::uint64_t stream, std::uint64_t counter,
             std::size_t unit) noexcept {
    return static_cast<float>(dsp::random_uniform(bending.seed ^ kind, stream, (counter << 16) + unit));
}

std::uint64_t stream_of(const Bending& bending, int voice, std::uint64_t place) noexcept {
    return ((bending.first_voice + static_cast<std::uint64_t>(voice)) << 8) + place;
}

}  // namespace

void freeze_units(const Bending& bending, int voice, bool slow, std::uint64_t place, std::span<float> units,
                  std::span<const float> before) noexcept {
    const Bend& bend = bending.bends[static_cast<std::size_t>(voice)];
    const float share = (slow ? bend.slow : bend.fast).freeze;
    if (!(share > 0)) return;
    for (std::size_t u = 0; u < units.size(); ++u)
        if (chance(bending, freeze, place, 0, u) < share) units[u] = before[u];
}

void bend_units(const Bending& bending, int voice, bool slow, std::uint64_t place, std::span<float> units,
                std::span<const float> before, float limit) noexcept {
    const Bend& bend = bending.bends[static_cast<std::size_t>(voice)];
    const Bend::Tier& tier = slow ? bend.slow : bend.fast;
    if (tier.idle() && !(bend.drift > 0)) return;
    const std::uint64_t stream = stream_of(bending, voice, place);
    const double walked = static_cast<double>(bending.clock) / (walk_seconds * bending.rate);
    const auto stop = static_cast<std::uint64_t>(walked);
    const auto way = static_cast<float>(walked - static_cast<double>(stop));
    const auto choice = static_cast<std::uint64_t>(static_cast<double>(bending.clock) * dropout_rate / bending.rate);
    const float push = bend.drift * drift_of_a_step;
    for (std::size_t u = 0; u < units.size(); ++u) {
        float h = units[u];
        if (bend.drift > 0) {
            const float here = chance(bending, walk, stream, stop, u),
                        there = chance(bending, walk, stream, stop + 1, u);
            h += push * (2 * (here + (there - here) * way) - 1);
        }
        if (tier.noise > 0) h += tier.noise * (2 * chance(bending, noise, stream, bending.clock, u) - 1);
        if (tier.dropout > 0 && chance(bending, dropout, stream, choice, u) < tier.dropout) h = 0;
        units[u] = std::clamp(h, -limit, limit);
    }
    freeze_units(bending, voice, slow, place, units, before);
}

void bend_gain(float gain, std::span<float> said, std::span<const float> nothing) noexcept {
    for (std::size_t i = 0; i < said.size(); ++i) said[i] = nothing[i] + gain * (said[i] - nothing[i]);
}

}  // namespace legume::samplernn

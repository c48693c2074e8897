// Draws one sample after another from a network: takes, given back exactly by their seed.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "nodes/samplernn/engine.h"

namespace legume::samplernn {

class Generator {
  public:
    // `voices` of them, numbered from `first_voice`: a voice's take depends on the seed and its number alone.
    Generator(std::shared_ptr<const Model> model, std::uint64_t seed, int voices = 1, std::uint64_t first_voice = 0,
              int cores = 1);
    // The next sample's amplitude, -1..1, at the model's rate, for each voice.
    void next(std::span<const float> temperatures, std::span<float> samples) noexcept;
    float next(float temperature) noexcept;  // of one voice alone
    void restart() noexcept;                 // fresh state: with the same seed the same takes again
    void reseed(std::uint64_t seed) noexcept { seed_ = seed; }
    std::uint64_t drawn() const noexcept { return drawn_; }  // samples since it began
    RunState& state() noexcept { return state_; }

  private:
    RunState state_;
    std::uint64_t seed_, first_voice_;
    std::uint64_t drawn_ = 0;
    std::vector<int> levels_;
};

}  // namespace legume::samplernn

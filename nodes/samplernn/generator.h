// Draws one sample after another from a network: takes, given back exactly by their seed.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "nodes/samplernn/chance.h"
#include "nodes/samplernn/engine.h"

namespace legume::samplernn {

class Generator {
  public:
    // `voices` of them, numbered from `first_voice`: a voice's take depends on the seed and its number alone.
    Generator(std::shared_ptr<const Model> model, std::uint64_t seed, int voices = 1, std::uint64_t first_voice = 0,
              int cores = 1);
    // The next sample's amplitude, -1..1, at the model's rate, for each voice.
    void next(std::span<const Chance> chances, std::span<float> samples) noexcept;
    float next(const Chance& chance) noexcept;  // of one voice alone
    // Its one voice has that number from now on, and has drawn these levels already: it begins where they end.
    void go_on(std::uint64_t voice, std::span<const int> levels);
    void restart() noexcept;     // fresh state, where it began: with the same seed the same takes again
    void begin_take() noexcept;  // from the silence before the first sample
    void reseed(std::uint64_t seed) noexcept { seed_ = seed; }
    std::uint64_t drawn() const noexcept { return drawn_; }  // samples of the take
    RunState& state() noexcept { return state_; }

  private:
    RunState state_;
    std::uint64_t seed_, first_voice_;
    std::uint64_t drawn_ = 0;
    std::optional<State> beginning_;  // where it goes on from
    std::vector<int> levels_;
};

}  // namespace legume::samplernn

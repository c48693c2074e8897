// Draws one sample after another from a network: a take, given back exactly by its seed.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>

#include "nodes/samplernn/engine.h"

namespace legume::samplernn {

class Generator {
  public:
    Generator(std::shared_ptr<const Model> model, std::uint64_t seed, std::uint64_t voice = 0);
    // The next sample's amplitude, -1..1, at the model's rate.
    float next(float temperature) noexcept;
    void restart() noexcept;  // fresh state: with the same seed the same take again
    void reseed(std::uint64_t seed) noexcept { seed_ = seed; }
    std::uint64_t drawn() const noexcept { return drawn_; }  // samples since it began
    RunState& voice() noexcept { return state_; }

  private:
    RunState state_;
    std::uint64_t seed_, voice_;
    std::uint64_t drawn_ = 0;
};

}  // namespace legume::samplernn

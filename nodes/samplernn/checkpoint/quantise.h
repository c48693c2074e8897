// Amplitude to level and back, and a level as the frame tiers see it.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "graph/base/rt.h"
#include "nodes/samplernn/checkpoint/checkpoint.h"

namespace legume::samplernn {

// Mu-law with mu = levels - 1, or linear steps; in both a silent input has one level, whose amplitude is (nearly) 0.
class Levels {
  public:
    explicit Levels(const Config&);
    int count() const noexcept RT_SAFE { return static_cast<int>(amplitude_.size()); }
    int silence() const noexcept RT_SAFE { return silence_; }
    // 0..count-1; amplitudes beyond +-1 are held there, NaN is silence.
    int level(float amplitude) const noexcept RT_SAFE;
    float amplitude(int level) const noexcept RT_SAFE { return amplitude_[static_cast<std::size_t>(level)]; }
    // The frame tiers' input: 2 (x / (Q/2) - 1) or, after Unisound, x / Q - 2.
    float input(int level) const noexcept RT_SAFE { return input_[static_cast<std::size_t>(level)]; }

  private:
    Quantiser quantiser_;
    int silence_;
    std::vector<float> amplitude_, input_;
};

}  // namespace legume::samplernn

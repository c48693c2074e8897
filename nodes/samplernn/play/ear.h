// What a network hears: sound at the graph's rate that comes in blocks, given out sample by sample at the network's.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "nodes/dsp/resampler.h"

namespace legume::samplernn {

// How much has come and how much was asked for decides alone what is heard when. A sample that is not there is silence.
class Ear {
  public:
    // Throws std::invalid_argument when the rates are too far apart. `block` is how many frames come at once.
    Ear(double from, double to, std::size_t channels, std::size_t block);
    void hear(std::span<const float> frames) noexcept;  // a block, interleaved; beyond full scale is held there
    void next(std::span<float> sample) noexcept;        // a value for each channel
    void reset() noexcept;
    std::size_t channels() const { return channels_; }
    std::size_t kept() const { return kept_; }  // samples from what comes to what goes

  private:
    void put(const float* sample) noexcept;
    const std::size_t channels_;
    std::optional<dsp::Resampler> resampler_;
    std::vector<float> clean_, made_;  // a block, before and after
    std::vector<float> waiting_;       // a ring
    std::size_t size_ = 0, read_ = 0, written_ = 0;
    std::size_t kept_ = 0;
    bool begun_ = false;
};

}  // namespace legume::samplernn

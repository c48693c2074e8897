// Makes a stream longer or shorter at its own pitch; the only door to SoundTouch.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "graph/base/rt.h"

namespace legume::dsp {

// SoundTouch's buffers grow when they must and its resampler allocates when its rate turns: only its stretching is used
// here, at fixed lengths, and the constructor makes its buffers as large as they will ever be.
class Stretch {
  public:
    static constexpr double most = 2.25;  // the fastest and, inverted, the slowest
    static constexpr int piece = 64;      // frames at once

    Stretch(double rate, int channels);
    ~Stretch();
    Stretch(const Stretch&) = delete;
    Stretch& operator=(const Stretch&) = delete;
    // How many frames go in for each that comes out.
    void set_tempo(double tempo) noexcept RT_SAFE;
    void put(std::span<const float> interleaved) noexcept RT_SAFE;    // at most a piece
    std::size_t take(std::span<float> interleaved) noexcept RT_SAFE;  // gives frames
    std::size_t waiting() const noexcept RT_SAFE;                     // frames in that have not come out
    void reset() noexcept RT_SAFE;

  private:
    struct Touch;
    std::unique_ptr<Touch> touch_;
    std::size_t channels_;
};

}  // namespace legume::dsp

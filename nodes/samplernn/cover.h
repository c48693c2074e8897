// Plays on from what was just heard when a generator falls behind: backwards from the last frame, then round and round.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <vector>

#include "graph/rt.h"

namespace legume::samplernn {

// A walk through frames that were neighbours has no click in it, wherever it starts and turns. All channels go the same
// way, so that they stay in step.
class Cover {
  public:
    void prepare(std::size_t frames, std::size_t channels) {
        channels_ = channels;
        frames_ = std::bit_ceil(std::max<std::size_t>(frames, 2));
        heard_.assign(frames_ * channels_, 0.0f);
    }
    // Every frame that was played, grains too.
    void hear(const float* frame) noexcept RT_SAFE {
        std::copy_n(frame, channels_, &heard_[(now_++ & (frames_ - 1)) * channels_]);
        known_ = std::min(known_ + 1, frames_);
    }
    void begin() noexcept RT_SAFE {
        back_ = 1;
        backwards_ = true;
        reach_ = known_;
    }
    // The next frame, a value for each channel; it must be heard before the one after it.
    const float* next() noexcept RT_SAFE {
        const float* const frame = &heard_[((now_ - back_) & (frames_ - 1)) * channels_];
        if (backwards_ && back_ + 2 <= reach_) {
            back_ += 2;  // now walks on by one, so that this is one step back
        } else {
            backwards_ = false;  // the same distance from now on: forwards, over the way back too
        }
        return frame;
    }
    void reset() noexcept RT_SAFE { known_ = 0; }

  private:
    std::vector<float> heard_;
    std::size_t channels_ = 1, frames_ = 2;
    std::size_t now_ = 0, known_ = 0;
    std::size_t back_ = 1, reach_ = 0;
    bool backwards_ = true;
};

}  // namespace legume::samplernn

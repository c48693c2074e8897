// Plays on from what was just heard when a generator falls behind: backwards from the last frame, then round and round.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <vector>

#include "graph/base/rt.h"
#include "nodes/dsp/fade.h"
#include "nodes/dsp/prediction.h"

namespace legume::samplernn {

// A walk through frames that were neighbours has no jump in it, wherever it starts and turns. A turn would still be
// heard, as a tick: the wave's slope changes its sign there. So the sound goes on across each turn as it was going, by
// linear prediction, and fades over into the walk. All channels go the same way, so that they stay in step.
class Concealment {
  public:
    void prepare(std::size_t frames, std::size_t channels) {
        channels_ = channels;
        frames_ = std::bit_ceil(std::max(frames, dsp::Prediction::memory));
        heard_.assign(frames_ * channels_, 0.0f);
        frame_.assign(channels_, 0.0f);
        predictions_.assign(channels_, {});
    }
    // Every frame that was played, those of the cover too.
    void hear(const float* frame) noexcept RT_SAFE {
        std::copy_n(frame, channels_, &heard_[(now_++ & (frames_ - 1)) * channels_]);
        known_ = std::min(known_ + 1, frames_);
    }
    void begin() noexcept RT_SAFE {
        if (known_ == 0) std::fill_n(ago(1), channels_, 0.0f);  // walks on in silence
        back_ = 2;                                              // the last frame has just been heard
        backwards_ = true;
        reach_ = known_;
        predict();
    }
    // The next frame, a value for each channel; it must be heard before the one after it.
    const float* next() noexcept RT_SAFE {
        if (backwards_ && back_ > reach_) {  // the same distance from now on: forwards, over the way back too
            backwards_ = false;
            back_ = std::max<std::size_t>(back_ - 2, 1);
            predict();
        }
        const float* const walked = ago(back_);
        if (backwards_) back_ += 2;  // now walks on by one, so that this is one step back
        if (predicted_ == fade) return walked;
        const float walk = dsp::eased(static_cast<float>(++predicted_) * (1.0f / static_cast<float>(fade)));
        for (std::size_t c = 0; c < channels_; ++c) {
            const float predicted = predictions_[c].next();
            frame_[c] = predicted + (walked[c] - predicted) * walk;
        }
        return frame_.data();
    }
    void reset() noexcept RT_SAFE { known_ = 0; }

  private:
    static constexpr std::size_t fade = 128;  // frames from the prediction to the walk

    float* ago(std::size_t frames) noexcept RT_SAFE { return &heard_[((now_ - frames) & (frames_ - 1)) * channels_]; }
    void predict() noexcept RT_SAFE {
        predicted_ = known_ < 2 * dsp::Prediction::order ? fade : 0;
        if (predicted_ == fade) return;
        for (std::size_t c = 0; c < channels_; ++c)
            predictions_[c].learn(std::min(known_, dsp::Prediction::memory),
                                  [&](std::size_t frames) noexcept { return ago(frames)[c]; });
    }

    std::vector<float> heard_, frame_;
    std::vector<dsp::Prediction> predictions_;
    std::size_t channels_ = 1, frames_ = dsp::Prediction::memory;
    std::size_t now_ = 0, known_ = 0;
    std::size_t back_ = 2, reach_ = 0, predicted_ = fade;
    bool backwards_ = true;
};

}  // namespace legume::samplernn

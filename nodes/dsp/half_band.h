// Twice as many frames a second and back, for what bends a wave and for what looks between its samples.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "graph/base/rt.h"

namespace legume::dsp {

// A half-band FIR under a Kaiser window, 80 dB down where it stops: flat to 0.42 of the lower rate. Every other tap is
// nothing and the middle one a half. Crochiere, Rabiner: Multirate Digital Signal Processing (1983), section 4.3.
class HalfBand {
  public:
    // What one way takes, up or down, in frames of its lower rate.
    static constexpr int delay = 16;
    static constexpr int most = 128;  // frames of the lower rate at once
    using Taps = std::array<float, delay>;
    static const Taps& taps();  // built at the first call, so not on the audio thread

    HalfBand() : taps_(taps()) {}
    void up(const float* x, int frames, float* twice) noexcept RT_SAFE;
    void down(const float* twice, int frames, float* y) noexcept RT_SAFE;
    void reset() noexcept RT_SAFE {
        odd_.fill(0);
        even_.fill(0);
    }

  private:
    static constexpr int kept = 2 * delay;
    const Taps& taps_;                               // from the middle outwards
    std::array<float, kept + most> odd_{}, even_{};  // what came before, then what comes; up uses one of them
};

// Two or four times as many frames, up and down again.
class Oversampler {
  public:
    static constexpr int most = 4;
    // Of the whole way, in frames.
    static constexpr int delay(int factor) {
        return factor == 1 ? 0 : factor == 2 ? 2 * HalfBand::delay : 3 * HalfBand::delay;
    }
    // 64 frames; `many` holds 64 * factor.
    void up(const float* x, int factor, float* many) noexcept RT_SAFE;
    void down(const float* many, int factor, float* y) noexcept RT_SAFE;
    void reset() noexcept RT_SAFE {
        for (auto* band : {&first_up_, &second_up_, &first_down_, &second_down_}) band->reset();
    }

  private:
    HalfBand first_up_, second_up_, first_down_, second_down_;
};

}  // namespace legume::dsp

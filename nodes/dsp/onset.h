// Hears where a sound begins: a quick envelope that suddenly stands out from a slow one.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "graph/base/math.h"

namespace legume::dsp {

// As in Masri, Computer Modelling of Sound for Transformation and Synthesis of Musical Signals (Bristol, 1996), ch. 5;
// here over peaks instead of spectra, so that it answers within 2 ms.
class OnsetEar {
  public:
    struct Paces {  // shares of the way that the envelopes go in a frame
        double quick_up, quick_down, slow_up, slow_down;
        explicit Paces(double rate) noexcept RT_SAFE : quick_up(pace(0.001, rate)),
                                                       quick_down(pace(0.03, rate)),
                                                       slow_up(pace(0.1, rate)),
                                                       slow_down(pace(0.02, rate)) {}

      private:
        static double pace(double seconds, double rate) noexcept RT_SAFE {
            return 1 - math::exp(-1 / (seconds * rate));
        }
    };
    // Takes one frame; true where a sound begins that is louder than `floor` and so many times `louder` than just
    // before. It counts no other one for `hold` frames.
    bool hears(float x, const Paces& p, double floor, double louder, double hold) noexcept RT_SAFE {
        left_ -= 1;
        const double wave = std::clamp(static_cast<double>(x), -1e3, 1e3), loud = wave < 0 ? -wave : wave;
        quick_ += (loud - quick_) * (loud > quick_ ? p.quick_up : p.quick_down);
        slow_ += (quick_ - slow_) * (quick_ > slow_ ? p.slow_up : p.slow_down);
        const bool stands_out = quick_ > floor && quick_ > louder * slow_;
        armed_ = armed_ || !stands_out;
        if (left_ > 0 || !armed_ || !stands_out) return false;
        left_ = hold;
        armed_ = false;
        return true;
    }
    double left() const noexcept RT_SAFE { return left_; }  // frames of hold, this one among them

  private:
    double quick_ = 0, slow_ = 0;
    double left_ = 0;
    bool armed_ = true;  // the last beginning has died away into what sounds
};

}  // namespace legume::dsp

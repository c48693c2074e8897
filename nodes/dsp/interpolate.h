// Reads between samples: a short Lagrange line for delays, a windowed sinc for recordings.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>

#include "graph/base/rt.h"

namespace legume::dsp {

// Third-order Lagrange between y1 and y2, t in [0, 1). Nowhere louder than its input there, so that a feedback loop
// around it stays stable. Laakso, Valimaki, Karjalainen, Laine: Splitting the unit delay (1996).
inline float lagrange(float y0, float y1, float y2, float y3, float t) noexcept RT_SAFE {
    const float a = t + 1.0f, b = t - 1.0f, c = t - 2.0f;
    return -t * b * c * (1.0f / 6.0f) * y0 + a * b * c * 0.5f * y1 - a * t * c * 0.5f * y2 +
           a * t * b * (1.0f / 6.0f) * y3;
}
// In a delay line, a ring of mask + 1 frames: t of a frame before frame `from`.
inline float lagrange(const float* line, std::size_t mask, std::size_t from, float t) noexcept RT_SAFE {
    return lagrange(line[(from + 1) & mask], line[from & mask], line[(from - 1) & mask], line[(from - 2) & mask], t);
}

// A sinc under a Blackman window, widened when it reads faster than once a sample so that nothing folds over.
// Smith: Digital Audio Resampling (2002).
class Sinc {
  public:
    static constexpr int half = 12;   // zero crossings on either side
    static constexpr int widest = 4;  // beyond this many samples a step it folds
    static constexpr int most_taps = 2 * half * widest;

    static const Sinc& table();  // built at the first call, so not on the audio thread; keep the reference

    struct Taps {
        int first = 0;  // of the first weight, from the sample at or before the place
        int count = 0;
        std::array<float, most_taps> weights;  // their sum is 1
    };
    // For a place `part` of a sample (0 to 1) after a sample, read in steps of `step` samples (its sign is nothing
    // here). At part 0 and up to one sample a step it is that sample, to the bit.
    void weigh(double part, double step, Taps& taps) const noexcept RT_SAFE;

  private:
    Sinc();
    static constexpr int phases = 512;  // between zero crossings, with straight lines between: -115 dB
    std::array<float, half * phases + 2> table_{};
};

}  // namespace legume::dsp

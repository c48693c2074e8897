// Another sample rate for a stream or for a whole sound; the only door to libsamplerate.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace legume::dsp {

// A stream from one rate to another; interleaved frames. Allocates in the constructor alone.
// Output frame n stands at input time n * from / to: no delay to make up for, but the newest input waits for its
// right-hand neighbours (up to about 40 input frames for medium, 150 for best).
class Resampler {
  public:
    enum class Quality { medium, best };
    struct Moved {
        std::size_t used = 0, made = 0;  // frames
    };
    // Throws std::invalid_argument when to / from is not within 1/256 to 256.
    Resampler(double from, double to, int channels, Quality quality = Quality::best);
    ~Resampler();
    Resampler(const Resampler&) = delete;
    Resampler& operator=(const Resampler&) = delete;
    // Reads from `in` and writes to `out` as much as it can; call again with the rest. With `end`, `in` is the last
    // there is: call until nothing is made.
    Moved process(std::span<const float> in, std::span<float> out, bool end = false) noexcept;
    void reset() noexcept;  // as fresh

  private:
    struct Converter;
    std::unique_ptr<Converter> converter_;
};

// A whole sound; interleaved. Equal rates give back the same samples.
std::vector<float> resample(std::span<const float> samples, int channels, double from, double to,
                            Resampler::Quality quality = Resampler::Quality::best);

}  // namespace legume::dsp

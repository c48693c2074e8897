// Sound as overlapping spectra, four to each moment, and back again.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

#include "nodes/dsp/fft.h"

namespace legume::dsp {

// The newest frames of a channel, or the ones that are yet to be played: a ring as long as a spectrum's window.
struct Window {
    std::vector<float> frames;
    std::size_t at = 0;
    void prepare(int size) { frames.assign(static_cast<std::size_t>(size), 0.0f); }
    void reset() noexcept RT_SAFE;
    void put(std::span<const float> newest) noexcept RT_SAFE;
    void take(std::span<float> oldest) noexcept RT_SAFE;  // leaves silence
};

// Under a Hann window before and after, a quarter of it apart: unchanged spectra give back the sound, `size` frames
// later less those of a block. Allen, Rabiner: A unified approach to short-time Fourier analysis (1977).
class Stft {
  public:
    explicit Stft(int size);
    int size() const noexcept RT_SAFE { return fft_.size(); }
    int hop() const noexcept RT_SAFE { return fft_.size() / 4; }
    int bins() const noexcept RT_SAFE { return fft_.bins(); }
    void analyse(const Window& heard, std::span<Bin> spectrum) noexcept RT_SAFE;
    void lay(std::span<const Bin> spectrum, Window& played) noexcept RT_SAFE;

  private:
    Fft fft_;
    std::vector<float> window_, frames_;
};

// Medium, short or long (0, 1, 2): 2048, 512 or 8192 frames up to 50 kHz, and as long in time above that.
int window_size(std::size_t which, double rate);

}  // namespace legume::dsp

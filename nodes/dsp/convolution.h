// One sound through another's echoes, without latency: short pieces for what comes first, long ones for the rest.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

#include "nodes/dsp/fft.h"

namespace legume::dsp {

// Spectra of 2 * `frames` frames, as many as there are partitions; parts apart, so that products run side by side.
struct Spectra {
    std::size_t bins = 0;
    std::vector<float> re, im;  // [partition][bin]
    std::size_t count() const noexcept RT_SAFE { return bins ? re.size() / bins : 0; }
    void resize(std::size_t partitions, std::size_t of_bins);
    void store(std::size_t partition, std::span<const Bin> spectrum) noexcept RT_SAFE;
};

// An impulse response, ready to be played through by any number of convolutions.
struct Impulse {
    static constexpr int short_frames = 64, long_frames = 1024, head_frames = 2 * long_frames;
    explicit Impulse(std::span<const float> frames);
    Spectra head, tail;  // up to head_frames, and from there on
};

// Uniformly partitioned overlap-save, twice: Gardner, Efficient Convolution without Input-Output Delay (1995). The work
// for a long piece is spread over the blocks that it has until it is heard.
class Convolution {
  public:
    explicit Convolution(const Impulse& impulse);                // which has to outlive it
    void process(const float* in, float* out) noexcept RT_SAFE;  // short_frames of each
    void reset() noexcept RT_SAFE;

  private:
    // The spectra that came in, newest at `at`; what is older than `known` is silence.
    struct Past {
        Spectra spectra;
        std::size_t at = 0, known = 0;
        void put(std::span<const Bin> spectrum) noexcept RT_SAFE;
        // Adds what partitions from..to make of it.
        void add(const Spectra& impulse, std::size_t from, std::size_t to, std::vector<float>& re,
                 std::vector<float>& im) const noexcept RT_SAFE;
    };
    void play_tail(const float* in, float* out) noexcept RT_SAFE;

    const Impulse& impulse_;
    Fft short_{2 * Impulse::short_frames}, long_{2 * Impulse::long_frames};
    Past head_, tail_;
    std::vector<float> heard_, collected_, playing_, frames_;
    std::vector<float> re_, im_, tail_re_, tail_im_;
    std::vector<Bin> bins_;
    std::size_t slot_ = 0;
};

}  // namespace legume::dsp

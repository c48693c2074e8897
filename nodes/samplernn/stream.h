// The voices of a network at the graph's rate, frame after frame, without a click where one take gives way to another.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "nodes/dsp/resampler.h"
#include "nodes/samplernn/generator.h"

namespace legume::samplernn {

class Stream {
  public:
    // Plays `from` of the network's samples a second, as frames at `to`. Throws std::invalid_argument when the two are
    // too far apart.
    Stream(std::span<const Part> parts, Mix mix, std::uint64_t seed, double from, double to);
    void play(std::span<const Part> parts) noexcept { generator_.play(parts); }  // from the next sample on
    // Frames are interleaved; a chance for each voice.
    void make(std::span<const Chance> chances, std::span<float> frames) noexcept;
    double entropy(const Chance& chance) noexcept;  // of the first voice's next sample, in bits
    // Its one voice begins where a take ends (Generator::go_on). Before the first frame.
    void go_on(std::uint64_t voice, std::span<const int> levels);
    void restart() noexcept;     // as fresh
    void begin_take() noexcept;  // from the silence before the first sample, while the sound goes on
    void reseed(std::uint64_t seed) noexcept { generator_.reseed(seed); }
    int kept_frames() const noexcept;  // drawn and not heard yet: they wait in the resampler

  private:
    void draw(std::span<const Chance> chances) noexcept;

    const std::uint64_t seed_;
    const double ratio_;  // frames a sample
    const std::size_t voices_;
    const float decay_;
    Generator generator_;
    std::optional<dsp::Resampler> resampler_;
    std::vector<float> samples_, jumps_;  // of each voice
    bool cut_ = false;                    // the next samples stand where a take was cut off
    bool waiting_ = false;                // the resampler has not taken samples_ yet
    std::uint64_t made_ = 0;              // frames
    std::uint64_t before_ = 0;            // samples of the take that it goes on from
};

}  // namespace legume::samplernn

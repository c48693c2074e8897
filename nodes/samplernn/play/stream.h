// The voices of a network at the graph's rate, frame after frame, without a click where one take gives way to another.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "nodes/dsp/resampler.h"
#include "nodes/samplernn/engine/generator.h"
#include "nodes/samplernn/play/ear.h"

namespace legume::samplernn {

class Stream {
  public:
    // Plays `from` of the network's samples a second, as frames at `to`. Throws std::invalid_argument when the two are
    // too far apart.
    Stream(std::span<const Part> parts, Mix mix, std::uint64_t seed, double from, double to);
    void play(std::span<const Part> parts) noexcept { generator_.play(parts); }  // from the next sample on
    // Frames are interleaved; a chance for each voice.
    void make(std::span<const Sampling> chances, std::span<float> frames) noexcept;
    void touch(std::span<const Touch> touches) noexcept { generator_.touch(touches); }
    void listen_to(Ear* ear);  // the caller's; before the first frame
    void read(GeneratorState& into) const { generator_.read(into); }
    void go_to(const GeneratorState& moment) noexcept;  // with its dice, while the sound goes on
    // Goes back to a moment each time so many samples have passed, while chance goes on; 0: no longer. The first time
    // it is the moment at hand, until another one is held.
    void hold(std::uint64_t samples) noexcept;
    void hold(const GeneratorState& moment) noexcept { anchor_ = moment; }
    void begin_at(const GeneratorState& moment);  // as go_on
    void prime(std::span<const int> levels);      // all voices begin behind these, and where a take begins again
    double surprise() noexcept { return generator_.surprise(); }
    std::span<const Part> parts() const noexcept { return generator_.parts(); }
    double entropy(const Sampling& chance) noexcept;  // of the first voice's next sample, in bits
    // Its one voice begins where a take ends (Generator::go_on). Before the first frame.
    void go_on(std::uint64_t voice, std::span<const int> levels);
    void restart() noexcept;     // as fresh
    void begin_take() noexcept;  // from the silence before the first sample, while the sound goes on
    void reseed(std::uint64_t seed) noexcept { generator_.reseed(seed); }
    int kept_frames() const noexcept;  // drawn and not heard yet: they wait in the resampler

  private:
    void draw(std::span<const Sampling> chances) noexcept;

    std::uint64_t seed_;
    const double ratio_;  // frames a sample
    const std::size_t voices_;
    const float decay_;
    Generator generator_;
    std::optional<dsp::Resampler> resampler_;
    std::vector<float> samples_, jumps_;  // of each voice
    Ear* ear_ = nullptr;
    std::vector<float> heard_;
    GeneratorState anchor_;
    std::uint64_t hold_ = 0, left_ = 0;  // samples: a round's, and until the next one
    bool cut_ = false;                   // the next samples stand where a take was cut off
    bool waiting_ = false;               // the resampler has not taken samples_ yet
    std::uint64_t made_ = 0;             // frames
    std::uint64_t before_ = 0;           // samples of the take that it goes on from
};

}  // namespace legume::samplernn

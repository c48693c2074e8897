// How loud sound is to people: LUFS after EBU R 128; the only door to libebur128.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>

namespace legume::dsp {

// Not for the audio thread: libebur128 allocates while it listens.
class Loudness {
  public:
    static constexpr float silence = -90;  // what is quieter is said to be so loud

    // Throws std::bad_alloc. `peaks` also measures true peaks, which costs more than all the rest.
    Loudness(int channels, double rate, bool peaks);
    ~Loudness();
    Loudness(const Loudness&) = delete;
    Loudness& operator=(const Loudness&) = delete;
    void add(std::span<const float> interleaved);
    float momentary() const;   // LUFS of the last 400 ms
    float short_term() const;  // of the last 3 s
    float integrated() const;  // of all, but for the pauses
    float true_peak() const;   // the highest of all, in dB

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace legume::dsp

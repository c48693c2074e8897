// Hears a recording frame by frame: where it steps farther than its own sound ever does, and where nothing sounds.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace legume::test {

// A click is a step from one frame to the next that is larger than `factor` times the largest step of the sound as it
// is when nothing disturbs it. Silence is a frame below -100 dB among at least `least_silence` such in a row: 1 ms.
class Listener {
  public:
    static constexpr double factor = 2;
    static constexpr std::size_t least_silence = 48;
    explicit Listener(double own_step) : own_(own_step) {}

    // What is heard begins with the first of these, -60 dB: before it the sound fades in, or is not there yet.
    static bool begins(float x) { return std::fabs(x) > 1e-3f; }

    void hear(std::span<const float> x) {
        for (const float now : x) {
            const double step = frames_ > 0 ? std::fabs(static_cast<double>(now) - last_) : 0;
            if (step > largest_) largest_ = step;
            if (step > factor * own_) clicks_.push_back(frames_);
            if (std::fabs(now) < 1e-5f) {
                ++quiet_;
            } else {
                end_silence();
            }
            last_ = static_cast<double>(now);
            ++frames_;
        }
    }
    void end() { end_silence(); }

    std::uint64_t frames() const { return frames_; }
    const std::vector<std::uint64_t>& clicks() const { return clicks_; }      // where
    const std::vector<std::uint64_t>& silences() const { return silences_; }  // where each ended
    std::uint64_t silent_frames() const { return silent_; }
    double largest_step() const { return largest_ / own_; }  // in steps of its own

  private:
    void end_silence() {
        if (quiet_ >= least_silence) {
            silent_ += quiet_;
            silences_.push_back(frames_);
        }
        quiet_ = 0;
    }
    const double own_;
    double last_ = 0, largest_ = 0;
    std::uint64_t frames_ = 0, silent_ = 0;
    std::size_t quiet_ = 0;
    std::vector<std::uint64_t> clicks_, silences_;
};

}  // namespace legume::test

// Writes what is played to a sound file while it plays: `play --record`.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "graph/base/ring.h"
#include "graph/base/say.h"
#include "graph/node.h"
#include "nodes/sound/sound_file.h"

namespace legume {

class Tape {
  public:
    // Throws SoundError when the file cannot be written. `frames` 0: until finish().
    Tape(const std::filesystem::path& file, double rate, int channels, std::uint64_t frames, Say tell,
         std::optional<SoundFormat> format = {});  // else by the file's name
    ~Tape();
    Tape(const Tape&) = delete;
    Tape& operator=(const Tape&) = delete;

    void take(const Signal& block) noexcept RT_SAFE;  // audio thread, every block
    bool timed() const { return limit_ != 0; }
    bool full() const { return limit_ && taken_.load(std::memory_order_acquire) >= limit_; }
    // Writes what is left and gives the file its name; says what went wrong, or nothing.
    std::string finish();
    std::uint64_t frames() const { return taken_.load(); }
    std::uint64_t lost() const { return lost_.load(); }

  private:
    struct Gap {
        std::uint64_t at = 0, frames = 0;
    };
    bool drain();
    bool write(std::span<const float> samples);
    const std::filesystem::path file_;
    const int channels_;
    const std::uint64_t limit_;
    const Say tell_;
    SoundWriter writer_;
    Ring<float> ring_;
    Ring<Gap> gaps_;             // where the disk was too slow there is silence, so that time goes on
    std::uint64_t missing_ = 0;  // audio thread: lost, and not in a gap yet
    std::uint64_t drained_ = 0;  // frames, gaps too
    std::optional<Gap> gap_;
    std::vector<float> piece_;
    std::atomic<std::uint64_t> taken_{0}, lost_{0};
    std::atomic<bool> quit_{false};
    std::string failed_;
    bool finished_ = false;
    std::thread thread_;
};

}  // namespace legume

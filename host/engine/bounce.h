// Plays a runner offline into a sound file, block by block, and says how far it is: `render` and its replay of a show.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "host/engine/runner.h"
#include "host/system/command.h"
#include "nodes/sound/sound_file.h"

namespace legume {

class Bounce {
  public:
    using Planes = std::array<std::array<float, block_frames>, max_channels>;
    // As many frames as that. Throws SoundError, as all of it does.
    Bounce(Runner& runner, const std::filesystem::path& out, SoundFormat format, std::uint64_t frames);
    bool over() const { return at_ >= frames_; }
    std::uint64_t at() const { return at_; }  // the frame that the next block begins at
    // Plays the next block with what comes in, `inputs` channels or nothing, and writes it. Gives its frames in the
    // file: fewer in the last block.
    std::size_t block(const float* const* in);
    const Planes& played() const { return planes_; }  // by that block
    double finish();                                  // how many times faster than real time it was

  private:
    double times() const;
    Runner& runner_;
    const std::uint64_t frames_;
    SoundWriter writer_;
    Planes planes_{};
    std::array<float*, max_channels> out_{};
    std::vector<float> woven_;
    Progress progress_;
    const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    std::uint64_t at_ = 0;
};

}  // namespace legume

// The files of one take of a recording: one of all channels, or a stem for each sound.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "nodes/sound/sound_file.h"

namespace legume {

// Some of the recorder's channels, which make a file.
struct Track {
    std::size_t first = 0, width = 1;
};

// A name that nothing has yet: NAME, NAME-2 and so on; of several tracks NAME-stem1, NAME-stem2. All throw SoundError.
class Take {
  public:
    Take(const std::filesystem::path& file, double rate, const std::vector<Track>& tracks);
    void write(std::span<const float> frames, std::size_t width);  // interleaved, of all tracks
    void finish();
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_of(std::size_t track) const;
    bool taken() const;
    std::filesystem::path path_;
    const std::vector<Track> tracks_;
    std::vector<std::unique_ptr<SoundWriter>> writers_;
    std::vector<float> stem_;
};

}  // namespace legume

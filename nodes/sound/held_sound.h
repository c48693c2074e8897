// Sounds in memory, each loaded once and shared by all nodes that play it.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "graph/base/store.h"
#include "nodes/sound/sound_file.h"

namespace legume {

// As the file has it. Both throw SoundError, and belong to Node::prepare.
std::shared_ptr<const Sound> hold_sound(Store& store, const std::filesystem::path& file);
// At so many frames a second.
std::shared_ptr<const Sound> hold_sound(Store& store, const std::filesystem::path& file, double rate);

// At so many frames a second; the same throws when it is too short for that, or its rate too far away.
Sound converted(Sound sound, double rate);

// A file's header, read when it is first asked for; of one channel and no frames when it cannot be read: Node::check
// says why.
class HeaderOnce {
  public:
    const SoundHeader& of(const std::filesystem::path& file) const;

  private:
    mutable std::optional<SoundHeader> found_;
};

// The sound files of a folder by name, or the file alone that `path` is; none when there is neither.
std::vector<std::filesystem::path> sounds_in(const std::filesystem::path& path);

// Whether the file gives the same samples on every machine: Ogg, Opus and MP3 decode to other bits on others.
bool decodes_alike(const std::filesystem::path& file);

}  // namespace legume

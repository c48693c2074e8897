// Names and writes the files of a take.
// SPDX-License-Identifier: MIT
#include "nodes/sound/tracks.h"

#include <string>
#include <system_error>

namespace legume {

namespace fs = std::filesystem;

namespace {

// As SoundWriter calls it, of a take that goes on or that a crash left.
fs::path unfinished(fs::path file) { return file.replace_extension(".part" + file.extension().string()); }

}  // namespace

Take::Take(const fs::path& file, double rate, const std::vector<Track>& tracks) : path_(file), tracks_(tracks) {
    for (int n = 2; taken(); ++n) {
        path_ = file;
        path_.replace_filename(file.stem().string() + "-" + std::to_string(n) + file.extension().string());
    }
    for (std::size_t i = 0; i < tracks_.size(); ++i)
        writers_.push_back(
            std::make_unique<SoundWriter>(path_of(i), rate, static_cast<int>(tracks_[i].width), sound_format(path_)));
}

void Take::write(std::span<const float> frames, std::size_t width) {
    for (std::size_t i = 0; i < tracks_.size(); ++i) {
        const Track& track = tracks_[i];
        if (track.width == width) {
            writers_[i]->write(frames);
            continue;
        }
        stem_.clear();
        for (std::size_t at = track.first; at < frames.size(); at += width) {
            const auto part = frames.subspan(at, track.width);
            stem_.insert(stem_.end(), part.begin(), part.end());
        }
        writers_[i]->write(stem_);
    }
}

void Take::finish() {
    for (const auto& writer : writers_) writer->finish();
}

fs::path Take::path_of(std::size_t track) const {
    if (tracks_.size() == 1) return path_;
    fs::path stem = path_;
    return stem.replace_filename(path_.stem().string() + "-stem" + std::to_string(track + 1) +
                                 path_.extension().string());
}

bool Take::taken() const {
    std::error_code error;
    for (std::size_t i = 0; i < tracks_.size(); ++i)
        if (const auto file = path_of(i); fs::exists(file, error) || fs::exists(unfinished(file), error)) return true;
    return false;
}

}  // namespace legume

// Weaves the channels, and shows a line every 256 blocks.
// SPDX-License-Identifier: MIT
#include "host/engine/bounce.h"

#include <algorithm>
#include <cstdio>

namespace legume {

Bounce::Bounce(Runner& runner, const std::filesystem::path& out, SoundFormat format, std::uint64_t frames)
    : runner_(runner), frames_(frames), writer_(out, runner.rate(), runner.outputs(), format) {
    for (std::size_t c = 0; c < out_.size(); ++c) out_[c] = planes_[c].data();
}

// Against what has been played so far.
double Bounce::times() const {
    const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    return wall > 0 ? static_cast<double>(std::min(at_, frames_)) / runner_.rate() / wall : 0;
}

std::size_t Bounce::block(const float* const* in) {
    runner_.render_block(in, out_.data());
    runner_.tick();
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(block_frames, frames_ - at_));
    const auto channels = static_cast<std::size_t>(runner_.outputs());
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t c = 0; c < channels; ++c) woven_.push_back(planes_[c][i]);
    if (woven_.size() >= 1 << 15) {
        writer_.write(woven_);
        woven_.clear();
    }
    if (at_ / block_frames % 256 == 0) {
        char line[160];
        std::snprintf(line, sizeof line, "%.1f of %.1f s, %.1f x real time", static_cast<double>(at_) / runner_.rate(),
                      static_cast<double>(frames_) / runner_.rate(), times());
        progress_.show(line, static_cast<double>(at_) / static_cast<double>(frames_));
    }
    at_ += block_frames;
    return n;
}

double Bounce::finish() {
    writer_.write(woven_);
    writer_.finish();
    progress_.finish();
    return times();
}

}  // namespace legume

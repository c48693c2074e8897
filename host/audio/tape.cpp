// A ring from the audio thread, and a thread that empties it into the file.
// SPDX-License-Identifier: MIT
#include "host/audio/tape.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace legume {

Tape::Tape(const std::filesystem::path& file, double rate, int channels, std::uint64_t frames,
           std::function<void(std::string)> tell)
    : file_(file),
      channels_(channels),
      limit_(frames),
      tell_(std::move(tell)),
      writer_(file, rate, channels, sound_format(file)),
      ring_(static_cast<std::size_t>(rate * channels * 10)),  // ten seconds of a disk that does not answer
      piece_(8192 * static_cast<std::size_t>(channels)) {
    thread_ = std::thread([this] {
        while (!quit_.load(std::memory_order_acquire))
            if (!drain()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    });
}

Tape::~Tape() { finish(); }

void Tape::take(const Signal& block) noexcept {
    const auto taken = taken_.load(std::memory_order_relaxed);
    std::uint64_t frames = block_frames;
    if (limit_) frames = std::min<std::uint64_t>(frames, limit_ - std::min(limit_, taken));
    if (frames == 0) return;
    const auto channels = static_cast<std::size_t>(channels_);
    if (ring_.writable() < frames * channels) {
        lost_.fetch_add(frames, std::memory_order_relaxed);
    } else {
        std::array<float, block_frames * max_channels> woven;
        for (std::size_t i = 0; i < frames; ++i)
            for (std::size_t c = 0; c < channels; ++c) woven[i * channels + c] = block.data[c][i];
        ring_.write(std::span<const float>(woven.data(), frames * channels));
    }
    taken_.store(taken + frames, std::memory_order_release);
}

bool Tape::drain() {
    const auto n = ring_.read(piece_);
    if (n == 0) return false;
    if (!failed_.empty()) return true;  // the disk failed: let go of the rest and let the sound go on
    try {
        writer_.write(std::span<const float>(piece_.data(), n));
    } catch (const SoundError& error) {
        failed_ = file_.string() + " " + error.what();
        if (tell_) tell_("recording stopped: " + failed_ + "; what was recorded before is kept, and playing goes on");
    }
    return true;
}

std::string Tape::finish() {
    if (finished_) return failed_;
    finished_ = true;
    quit_.store(true, std::memory_order_release);
    thread_.join();
    while (drain()) {
    }
    try {
        writer_.finish();
    } catch (const SoundError& error) {
        if (failed_.empty()) failed_ = file_.string() + " " + error.what();
    }
    return failed_;
}

}  // namespace legume

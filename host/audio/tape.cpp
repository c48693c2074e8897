// A ring from the audio thread, and a thread that empties it into the file.
// SPDX-License-Identifier: MIT
#include "host/audio/tape.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace legume {

Tape::Tape(const std::filesystem::path& file, double rate, int channels, std::uint64_t frames, Say tell,
           std::optional<SoundFormat> format)
    : file_(file),
      channels_(channels),
      limit_(frames),
      tell_(std::move(tell)),
      writer_(file, rate, channels, format ? *format : sound_format(file)),
      ring_(static_cast<std::size_t>(rate * channels * 10)),  // ten seconds of a disk that does not answer
      gaps_(64),
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
    if (missing_ > 0 && ring_.writable() >= frames * channels && gaps_.push({taken - missing_, missing_})) missing_ = 0;
    if (missing_ > 0 || ring_.writable() < frames * channels) {
        lost_.fetch_add(frames, std::memory_order_relaxed);
        missing_ += frames;
    } else {
        std::array<float, block_frames * max_channels> woven;
        for (std::size_t i = 0; i < frames; ++i)
            for (std::size_t c = 0; c < channels; ++c) woven[i * channels + c] = block.data[c][i];
        ring_.write(std::span<const float>(woven.data(), frames * channels));
    }
    taken_.store(taken + frames, std::memory_order_release);
}

bool Tape::drain() {
    // Read before the gaps, so that none of those that lie in it is missing.
    auto ready = static_cast<std::uint64_t>(ring_.readable()) / static_cast<std::uint64_t>(channels_);
    Gap next;
    if (!gap_ && gaps_.pop(next)) gap_ = next;
    const auto most = piece_.size() / static_cast<std::size_t>(channels_);
    if (gap_ && gap_->at == drained_) {
        const auto n = std::min<std::uint64_t>(gap_->frames, most);
        std::fill_n(piece_.begin(), n * static_cast<std::uint64_t>(channels_), 0.0f);
        gap_->at += n;
        gap_->frames -= n;
        if (gap_->frames == 0) gap_.reset();
        drained_ += n;
        return write(std::span<const float>(piece_).first(n * static_cast<std::size_t>(channels_)));
    }
    ready = std::min<std::uint64_t>(ready, most);
    if (gap_) ready = std::min(ready, gap_->at - drained_);
    if (ready == 0) return false;
    const auto n = ring_.read(std::span<float>(piece_).first(ready * static_cast<std::size_t>(channels_)));
    drained_ += ready;
    return write(std::span<const float>(piece_).first(n));
}

bool Tape::write(std::span<const float> samples) {
    if (!failed_.empty()) return true;  // the disk failed: let go of the rest and let the sound go on
    try {
        writer_.write(samples);
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

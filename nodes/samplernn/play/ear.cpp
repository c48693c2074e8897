// The resampler keeps some milliseconds and gives in gusts, so that much silence stands before the first sample.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/play/ear.h"

#include <algorithm>
#include <bit>

namespace legume::samplernn {

Ear::Ear(double from, double to, std::size_t channels, std::size_t block)
    : channels_(channels), clean_(channels * block) {
    const double a_block = static_cast<double>(block) * to / from;
    made_.resize((static_cast<std::size_t>(a_block) + 64) * channels);
    if (from != to) {
        resampler_.emplace(from, to, static_cast<int>(channels), dsp::Resampler::Quality::medium);
        double owed = 0, most = 0;  // at the end of a block, what is to come of it
        for (int n = 0; n < 200; ++n) {
            double made = 0;
            auto rest = std::span<const float>(clean_);
            while (!rest.empty()) {
                const auto moved = resampler_->process(rest, made_);
                rest = rest.subspan(moved.used * channels);
                made += static_cast<double>(moved.made);
                if (moved.used + moved.made == 0) break;
            }
            owed += a_block - made;
            most = std::max(most, owed);
        }
        resampler_->reset();
        kept_ = static_cast<std::size_t>(most) + 3;
    }
    size_ = std::bit_ceil(kept_ + 4 * static_cast<std::size_t>(a_block) + 256);
    waiting_.resize(size_ * channels);
}

void Ear::put(const float* sample) noexcept {
    if (written_ - read_ == size_) ++read_;
    std::copy_n(sample, channels_, &waiting_[(written_++ & (size_ - 1)) * channels_]);
}

void Ear::hear(std::span<const float> frames) noexcept {
    frames = frames.first(std::min(frames.size(), clean_.size()));
    std::transform(frames.begin(), frames.end(), clean_.begin(), [](float x) {
        return x >= -1 && x <= 1 ? x : x > 1 ? 1.0f : x < -1 ? -1.0f : 0.0f;
    });
    if (!begun_) {
        begun_ = true;
        std::fill(made_.begin(), made_.end(), 0.0f);
        for (std::size_t i = 0; i < kept_; ++i) put(made_.data());
    }
    auto rest = std::span<const float>(clean_).first(frames.size());
    if (!resampler_) {
        for (std::size_t i = 0; i < rest.size(); i += channels_) put(&rest[i]);
        return;
    }
    while (!rest.empty()) {
        const auto moved = resampler_->process(rest, made_);
        rest = rest.subspan(moved.used * channels_);
        for (std::size_t i = 0; i < moved.made; ++i) put(&made_[i * channels_]);
        if (moved.used + moved.made == 0) break;
    }
}

void Ear::next(std::span<float> sample) noexcept {
    if (read_ == written_)
        std::fill(sample.begin(), sample.end(), 0.0f);
    else
        std::copy_n(&waiting_[(read_++ & (size_ - 1)) * channels_], channels_, sample.begin());
}

void Ear::reset() noexcept {
    if (resampler_) resampler_->reset();
    read_ = written_ = 0;
    begun_ = false;
}

}  // namespace legume::samplernn

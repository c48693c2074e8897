// Draws, resamples, and lets the step at a cut die away.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/play/stream.h"

#include <algorithm>
#include <cmath>

namespace legume::samplernn {

namespace {

constexpr double cut_seconds = 0.002;  // in which the step between two takes falls to a third

}  // namespace

Stream::Stream(std::span<const Part> parts, Mix mix, std::uint64_t seed, double from, double to)
    : seed_(seed),
      ratio_(to / from),
      voices_(static_cast<std::size_t>(parts[0].state->voices())),
      decay_(static_cast<float>(1 - 1 / (cut_seconds * from))),
      generator_(parts, mix, seed),
      samples_(voices_),
      jumps_(voices_) {
    generator_.read(anchor_);  // room for it
    if (from != to) resampler_.emplace(from, to, parts[0].state->voices(), dsp::Resampler::Quality::medium);
}

void Stream::make(std::span<const Sampling> chances, std::span<float> frames) noexcept {
    made_ += frames.size() / voices_;
    while (!frames.empty()) {
        if (!waiting_) draw(chances);
        std::size_t used = 1, given = 1;
        if (resampler_) {
            const auto moved = resampler_->process(samples_, frames);
            used = moved.used;
            given = moved.made;
            if (used + given == 0) break;
        } else {
            std::copy(samples_.begin(), samples_.end(), frames.begin());
        }
        waiting_ = used == 0;
        frames = frames.subspan(given * voices_);
    }
    std::fill(frames.begin(), frames.end(), 0.0f);  // the resampler failed
}

void Stream::draw(std::span<const Sampling> chances) noexcept {
    if (ear_) {
        ear_->next(heard_);
        generator_.hear(heard_);
    }
    if (hold_ > 0 && left_-- == 0) {
        generator_.go_back(anchor_);
        left_ = hold_ - 1;
        cut_ = true;
    }
    if (cut_)
        for (std::size_t v = 0; v < voices_; ++v) jumps_[v] = samples_[v];
    generator_.next(chances.first(voices_), samples_);
    for (std::size_t v = 0; v < voices_; ++v) {
        if (cut_) jumps_[v] -= samples_[v];
        jumps_[v] *= decay_;
        if (std::abs(jumps_[v]) < 1e-7f) jumps_[v] = 0;  // and the take is itself again, to the bit
        samples_[v] += jumps_[v];
    }
    cut_ = false;
}

double Stream::entropy(const Sampling& chance) noexcept { return generator_.entropy(chance); }

void Stream::listen_to(Ear* ear) {
    ear_ = ear;
    heard_.resize(ear ? ear->channels() : 0);
    generator_.hear({});
}

void Stream::go_to(const GeneratorState& moment) noexcept {
    generator_.go_to(moment);
    cut_ = true;
    if (hold_ == 0) return;
    anchor_ = moment;
    left_ = hold_;
}

void Stream::hold(std::uint64_t samples) noexcept {
    if (hold_ == 0 && samples > 0) {
        generator_.read(anchor_);
        left_ = samples;
    }
    hold_ = samples;
    left_ = std::min(left_, hold_);
}

void Stream::begin_at(const GeneratorState& moment) {
    generator_.begin_at(moment);
    seed_ = moment.seed;
    before_ = generator_.drawn();
}

void Stream::prime(std::span<const int> levels) {
    generator_.prime(levels);
    before_ = generator_.drawn();
}

void Stream::go_on(std::uint64_t voice, std::span<const int> levels) {
    generator_.go_on(voice, levels);
    before_ = generator_.drawn();
}

void Stream::restart() noexcept {
    generator_.restart();
    generator_.reseed(seed_);
    if (resampler_) resampler_->reset();
    std::fill(samples_.begin(), samples_.end(), 0.0f);
    std::fill(jumps_.begin(), jumps_.end(), 0.0f);
    hold_ = left_ = 0;
    cut_ = waiting_ = false;
    made_ = 0;
}

void Stream::begin_take() noexcept {
    generator_.begin_take();
    cut_ = true;
}

int Stream::kept_frames() const noexcept {
    return std::max(
        0, static_cast<int>(static_cast<double>(generator_.drawn() - before_) * ratio_ - static_cast<double>(made_)));
}

}  // namespace legume::samplernn

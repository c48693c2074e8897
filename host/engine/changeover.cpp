// Gains by the count of blocks alone, so that a change that comes in at the same frame is the same sound.
// SPDX-License-Identifier: MIT
#include "host/engine/changeover.h"

#include <algorithm>

#include "graph/base/math.h"
#include "nodes/members/level.h"

namespace legume {
namespace {

constexpr double hurry_seconds = 0.1;
constexpr double release_seconds = 0.1;

double share_of(std::uint64_t blocks, int frame, std::uint64_t of) noexcept {
    return std::min(
        1.0, (static_cast<double>(blocks) * block_frames + frame + 1) / (static_cast<double>(of) * block_frames));
}

}  // namespace

Changeover::Changeover(double rate, int channels, Retired<Change>& retired)
    : hurry_blocks_(std::max<std::uint64_t>(
          1, static_cast<std::uint64_t>(math::round_even(hurry_seconds * rate / block_frames)))),
      release_(static_cast<float>(1 - math::exp(-1 / (release_seconds * rate)))),
      retired_(retired) {
    scratch_.channels = std::clamp(channels, 0, max_channels);
    arena_.assign(static_cast<std::size_t>(scratch_.channels) * block_frames, 0.0f);
    for (int c = 0; c < scratch_.channels; ++c)
        scratch_.data[static_cast<std::size_t>(c)] = arena_.data() + c * block_frames;
}

Changeover::~Changeover() {
    for (std::size_t i = 0; i < count_; ++i) delete changes_[i];
}

void Changeover::begin(Change* change, const TransportTime& time) noexcept {
    change->time = time;
    change->time.beat = time.at(block_frames);
    change->scale = arrival(-1);
    coming_ = 0;
    coming_of_ = change->fade_blocks;
    if (count_ > 0) {
        for (std::size_t i = 0; i < count_; ++i)
            if (!changes_[i]->hurry) changes_[i]->hurry = std::max<std::uint64_t>(changes_[i]->done, 1);
    }
    changes_[count_++] = change;
    leaving_.store(static_cast<int>(count_), std::memory_order_release);
}

double Changeover::arrival(int frame) const noexcept {
    if (coming_ >= coming_of_) return 1;
    const double share = share_of(coming_, frame, coming_of_);
    return share < 1 ? math::sin(0.5 * math::pi * share) : 1;
}

// What sounds by itself fades at its wires, within `leaving`; here only what rings on ends, and what makes room.
double Changeover::departure(const Change& change, int frame) const noexcept {
    double gain = change.scale;
    const auto falling = [](double share) { return 0.5 + 0.5 * math::cos(math::pi * share); };
    if (change.done >= change.fade_blocks)
        gain *= falling(share_of(change.done - change.fade_blocks, frame, change.tail_blocks));
    if (change.hurry && change.done >= change.hurry)
        gain *= falling(share_of(change.done - change.hurry, frame, hurry_blocks_));
    return gain;
}

void Changeover::process(std::uint64_t frame, const Signal& in, const Signal& out) noexcept {
    if (count_ == 0 && coming_ >= coming_of_ && held_ == 1) return;
    std::array<float, block_frames> bounds;
    bounds.fill(device_ceiling);
    const auto weigh = [&](const Signal& sound, auto gain) noexcept {
        for (int i = 0; i < block_frames; ++i) {
            const auto g = static_cast<float>(gain(i));
            for (int c = 0; c < sound.channels; ++c) {
                float& x = sound.data[static_cast<std::size_t>(c)][i];
                x *= g;
                bounds[static_cast<std::size_t>(i)] = std::max(bounds[static_cast<std::size_t>(i)], x < 0 ? -x : x);
            }
        }
    };
    if (coming_ < coming_of_) {
        weigh(out, [&](int i) noexcept { return arrival(i); });
        ++coming_;
    }
    std::size_t kept = 0;
    for (std::size_t n = 0; n < count_; ++n) {
        auto& change = *changes_[n];
        change.leaving->process(frame, change.time, in, scratch_);
        change.time.beat = change.time.at(block_frames);
        weigh(scratch_, [&](int i) noexcept { return departure(change, i); });
        for (int c = 0; c < out.channels; ++c)
            for (int i = 0; i < block_frames; ++i)
                out.data[static_cast<std::size_t>(c)][i] += scratch_.data[static_cast<std::size_t>(c)][i];
        ++change.done;
        const bool over = change.done >= change.fade_blocks + change.tail_blocks ||
                          (change.hurry && change.done >= change.hurry + hurry_blocks_);
        if (!over || !retired_.retire(&change)) changes_[kept++] = &change;
    }
    count_ = kept;
    leaving_.store(static_cast<int>(count_), std::memory_order_release);
    limit(out, bounds);
}

void Changeover::limit(const Signal& out, const std::array<float, block_frames>& bounds) noexcept {
    for (int i = 0; i < block_frames; ++i) {
        float highest = 0;
        for (int c = 0; c < out.channels; ++c) {
            const float x = out.data[static_cast<std::size_t>(c)][i];
            highest = std::max(highest, x < 0 ? -x : x);
        }
        held_ += (1 - held_) * release_;
        if (held_ > 0.99999f) held_ = 1;
        if (highest * held_ > bounds[static_cast<std::size_t>(i)])
            held_ = bounds[static_cast<std::size_t>(i)] / highest;
        for (int c = 0; c < out.channels; ++c) out.data[static_cast<std::size_t>(c)][i] *= held_;
    }
}

}  // namespace legume

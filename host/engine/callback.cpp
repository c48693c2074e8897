// The audio callback: takes up what the control thread posted, plays block after block, and notes what was late.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <ctime>

#include "graph/base/denormals.h"
#include "host/engine/runner.h"

namespace legume {
namespace {

constexpr double last_fade_seconds = 0.3;

// How long this thread has had a processor, in seconds.
double worked_seconds() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

// An edit, or another patch.
void Runner::adopt(Change* change) noexcept {
    if (change->leaving) {
        change->leaving->adopt();
        changeover_.begin(change, time_);
        if (change->begins) transport_.begin(change->tempo);
        arrival_.store({change->number, frame_, change->begins ? 0 : time_.at(block_frames)});
    } else {
        editing_ = change;
    }
    change->keep(current_);
    take_over(change->arriving.release());
    if (!adopted_.load(std::memory_order_relaxed)) adopted_.store(frame_ + 1, std::memory_order_release);
}

// From an edit's transition to what follows it.
void Runner::go_on() noexcept {
    if (!current_->next()) {
        if (retired_.retire(editing_)) editing_ = nullptr;
    } else if (current_->finished()) {
        editing_->keep(current_);
        take_over(current_->take_next());
    }
}

void Runner::take_over(Schedule* next) noexcept {
    next->adopt();
    const auto& nodes = next->plan().nodes;
    control_.keep_waiting([&](const Declaration& node) noexcept {
        return &node == &transport_ || &node == &setlist_controls_ ||
               std::any_of(nodes.begin(), nodes.end(), [&](const auto& other) { return other.get() == &node; });
    });
    transport_.set_bar(next->plan().bar_beats);
    current_ = next;
    live_.store(current_, std::memory_order_release);
}

void Runner::block() noexcept {
    // What was posted to a node that is new waits until its schedule is here; what was posted to one that goes is
    // applied a block later at the most, while the transition still plays it.
    const auto waiting = control_.waiting();
    Change* change = changeover_.room() && !editing_ ? mail_.take() : nullptr;
    control_.apply(frame_, waiting);
    if (change)
        adopt(change);
    else if (editing_)
        go_on();
    time_ = transport_.advance();
    setlist_controls_.advance_members();
    control_.fire_due(frame_, time_);
    current_->process(frame_, time_, in_, out_);
    changeover_.process(frame_, in_, out_);
    frame_ += block_frames;
    frame_shown_.store(frame_, std::memory_order_release);
    beat_shown_.store(time_.at(block_frames), std::memory_order_relaxed);
    for (std::size_t i = 0; i < tap_points; ++i)
        if (auto* tape = taps_[i].load(std::memory_order_acquire))
            tape->take(static_cast<TapPoint>(i) == TapPoint::given ? in_ : out_);

    float peak = peak_.load(std::memory_order_relaxed);
    for (int c = 0; c < out_.channels; ++c)
        for (int i = 0; i < block_frames; ++i)
            peak = std::max(peak, std::abs(out_.data[static_cast<std::size_t>(c)][i]));
    peak_.store(peak, std::memory_order_relaxed);

    if (fading_.load(std::memory_order_acquire)) {
        const double step = 1 / (last_fade_seconds * setup_.rate);
        for (int i = 0; i < block_frames; ++i) {
            fade_ = std::max(0.0, fade_ - step);
            const auto gain = static_cast<float>(fade_ * fade_ * (3 - 2 * fade_));
            for (int c = 0; c < out_.channels; ++c) out_.data[static_cast<std::size_t>(c)][i] *= gain;
        }
        if (fade_ == 0) silent_.store(true, std::memory_order_release);
    }
}

void Runner::play(const float* const* in, int in_channels, float* const* out, int out_channels, int frames) noexcept {
    const NoDenormals no_denormals;
    const auto began = std::chrono::steady_clock::now();
    const double worked = worked_seconds();
    current_->forget_times();
    CallbackTime moment{std::chrono::duration<double>(began.time_since_epoch()).count(), frame_, time_};
    moment.frame -= static_cast<std::uint64_t>(out_left_);
    moment.time.beat = time_.at(block_frames - out_left_);
    moment_.store(moment);
    for (int done = 0; done < frames;) {
        if (out_left_ == 0) {
            // What the device gave during the block before: so input is one block late for every device block size.
            for (int c = 0; c < in_.channels; ++c)
                std::copy_n(next_in_.data[static_cast<std::size_t>(c)], block_frames,
                            in_.data[static_cast<std::size_t>(c)]);
            block();
            out_left_ = block_frames;
        }
        const int at = block_frames - out_left_;
        const int n = std::min(out_left_, frames - done);
        for (int c = 0; c < next_in_.channels; ++c) {
            float* into = next_in_.data[static_cast<std::size_t>(c)] + at;
            if (in && c < in_channels && in[c])
                std::copy_n(in[c] + done, n, into);
            else
                std::fill_n(into, n, 0.0f);
        }
        for (int c = 0; c < out_channels; ++c) {
            if (c < out_.channels)
                std::copy_n(out_.data[static_cast<std::size_t>(c)] + at, n, out[c] + done);
            else
                std::fill_n(out[c] + done, n, 0.0f);
        }
        out_left_ -= n;
        done += n;
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    const double share = seconds * setup_.rate / frames;
    load_.store(0.95 * load_.load(std::memory_order_relaxed) + 0.05 * share, std::memory_order_relaxed);
    if (share > 1) note_late(seconds, worked_seconds() - worked, frames / setup_.rate);
}

void Runner::note_late(double took, double worked, double allowed) noexcept {
    late_.fetch_add(1, std::memory_order_relaxed);
    if (changeover_.busy()) late_changing_.fetch_add(1, std::memory_order_relaxed);
    LateBlocks late{frame_, took, worked, allowed, {}};
    const auto& times = current_->times();
    std::uint64_t sum = 0;
    for (const auto time : times) sum += time;
    for (std::size_t i = 0; i < times.size(); ++i) {
        LateBlocks::Heavy mine{current_->plan().nodes[i].get(),
                               static_cast<double>(times[i]) / static_cast<double>(sum)};
        for (auto& other : late.nodes)
            if (!other.node || other.share < mine.share) std::swap(other, mine);
    }
    late_blocks_.push(late);
}

}  // namespace legume

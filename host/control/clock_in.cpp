// Least squares over up to four beats of ticks; when they stray from the line, over the newest half beat.
// SPDX-License-Identifier: MIT
#include "host/control/clock_in.h"

#include <algorithm>
#include <cmath>

namespace legume {
namespace {

constexpr double fastest = 60.0 / (1'000 * ClockIn::ticks_a_beat), slowest = 60.0 / (10 * ClockIn::ticks_a_beat);
constexpr double stray_seconds = 0.004;  // more than jitter of +-4 ms, smoothed, comes to

}  // namespace

void ClockIn::tick(double seconds) {
    const double gap = count_ > 0 ? std::max(seconds - newest(), 0.0) : 0;
    credit_ = std::min<double>(credit_ + gap / fastest, ticks_a_beat);
    if (credit_ < 1) {
        ++dropped_;
        return;
    }
    credit_ -= 1;
    if (gap > longest_gap) {  // it was away: we went on without it, and so, as far as one can know, did it
        if (running_ && !waits_ && steady()) next_ = std::llround(beat(seconds) * ticks_a_beat);
        count_ = 0;
        on_line_ = seconds;
    }
    if (running_) {
        ++next_;
        waits_ = false;
    }
    if (count_ >= fewest && steady()) {
        strayed_ += 0.2 * (seconds - (on_line_ + interval_) - strayed_);
        if (std::abs(strayed_) > stray_seconds) {
            count_ = fewest - 1;
            strayed_ = 0;
        }
    }
    times_[at_] = seconds;
    at_ = (at_ + 1) % window;
    count_ = std::min(count_ + 1, window);
    on_line_ = steady() ? on_line_ + interval_ : seconds;
    if (count_ == 1) on_line_ = seconds;
    if (count_ >= fewest) fit();
}

// Ticks are numbered back from the newest, so that the line's height at 0 is where the newest should be.
void ClockIn::fit() {
    const auto n = static_cast<double>(count_);
    const double middle = (n - 1) / 2;
    double sum = 0, slope = 0;
    for (std::size_t i = 0; i < count_; ++i) {
        const double time = times_[(at_ + window - 1 - i) % window] - newest();
        sum += time;
        slope += (middle - static_cast<double>(i)) * time;
    }
    slope /= n * (n * n - 1) / 12;
    if (!(slope >= fastest && slope <= slowest)) return;  // no music is that fast or slow
    interval_ = slope;
    on_line_ = newest() + sum / n + slope * middle;
}

void ClockIn::go(std::int64_t next) {
    next_ = next;
    running_ = waits_ = true;
}

void ClockIn::stop() { running_ = waits_ = false; }

void ClockIn::locate(int sixteenths) { next_ = std::int64_t{sixteenths} * (ticks_a_beat / 4); }

double ClockIn::beat(double seconds) const {
    const bool stands = !running_ || waits_ || !steady();
    const double ticks =
        stands ? static_cast<double>(next_) : static_cast<double>(next_ - 1) + (seconds - on_line_) / interval_;
    return std::max(ticks, 0.0) / ticks_a_beat;
}

}  // namespace legume

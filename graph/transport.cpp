// Applies what was asked of the transport and counts its beats.
// SPDX-License-Identifier: MIT
#include "graph/transport.h"

#include "graph/base/math.h"

namespace legume {

Transport::Transport(double rate) : rate_(rate) { set_rate(rate); }

void Transport::begin(float beats_a_minute) noexcept {
    tempo.set_initial(beats_a_minute);
    running.set_initial(1);
    running_ = true;
    beat_ = 0;
}

TransportTime Transport::advance() noexcept {
    const bool placed = moving(position);  // what is on its way there over a time is a scrub
    const bool switched = moving(running);
    const bool starts = fired(start), stops = fired(stop), resumes = fired(resume);
    advance_members();
    if (placed) beat_ = static_cast<double>(position.shown());
    if (switched) running_ = running.shown() >= 0.5f;
    const bool was = running_;
    if (stops) running_ = false;
    if (resumes || starts) running_ = true;
    if (starts) beat_ = 0;
    if (was != running_) running.set_initial(running_ ? 1.0f : 0.0f);

    TransportTime now;
    now.tempo = static_cast<double>(tempo.shown());
    now.beat = beat_;
    now.bar_beats = bar_beats_.load(std::memory_order_relaxed);
    now.running = running_;
    now.step = running_ ? now.tempo / (60 * rate_) : 0;
    beat_ = now.at(block_frames);
    beat.set(static_cast<float>(now.beat));
    bar.set(static_cast<float>(1 + math::floor(now.beat / now.bar_beats)));
    return now;
}

}  // namespace legume

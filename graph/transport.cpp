// Applies what was asked of the transport and counts its beats.
// SPDX-License-Identifier: MIT
#include "graph/transport.h"

#include "graph/base/math.h"

namespace legume {

Transport::Transport(double rate) : rate_(rate) {
    for (auto* param : params()) param->blocks_a_second_ = static_cast<float>(rate / block_frames);
}

void Transport::begin(float beats_a_minute) noexcept {
    tempo.set(beats_a_minute, 0);
    tempo.own_.store(tempo.target_, std::memory_order_relaxed);
    running.set_initial(1);
    running_ = true;
    beat_ = 0;
}

void Transport::hear(Node& other) noexcept {
    for (auto* param : other.params()) param->advance(nullptr, 0);
    for (auto* trigger : other.triggers()) trigger->edges_ = 0;
}

TransportTime Transport::advance() noexcept {
    tempo.advance(nullptr, 0);
    if (position.left_ > 0) {  // it was set; what is on its way there over a time is a scrub
        position.advance(nullptr, 0);
        beat_ = position.to_[0];
    }
    if (running.left_ > 0) {
        running.advance(nullptr, 0);
        running_ = running.to_[0] >= 0.5f;
    }
    const bool was = running_;
    if (stop.edges_) running_ = false;
    if (resume.edges_ || start.edges_) running_ = true;
    if (start.edges_) beat_ = 0;
    if (was != running_) running.set_initial(running_ ? 1.0f : 0.0f);
    for (auto* trigger : triggers()) trigger->edges_ = 0;

    TransportTime now;
    now.tempo = static_cast<double>(tempo.to_[0]);
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

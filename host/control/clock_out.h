// Our transport as MIDI clock: which message is due, from what the audio callback last said of musical time.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <thread>

#include "host/engine/runner.h"

namespace legume {

// Knows no thread and no port. Times are seconds of the steady clock.
class ClockTicks {
  public:
    using Send = std::function<void(std::span<const std::uint8_t>)>;
    explicit ClockTicks(double rate) : rate_(rate) {}
    // Sends all that is due; gives the time at which there is more to do.
    double send(const CallbackTime& moment, double now, const Send& send);
    bool running() const { return running_; }  // as the others have been told

  private:
    double beat_of(const CallbackTime& moment, double now);
    const double rate_;
    double begin_ = 0;  // when frame 0 was due, by the promptest callbacks
    std::uint64_t frame_ = 0;
    bool known_ = false, running_ = false;
    std::int64_t next_ = 0;  // the number of the next tick since beat 0
};

// A thread that does nothing else, so that ticks leave on time.
class ClockOut {
  public:
    // `send` is called on that thread. The clock is late by `latency` seconds, as the sound is.
    ClockOut(const Runner& runner, double latency, ClockTicks::Send send);
    ~ClockOut();
    ClockOut(const ClockOut&) = delete;
    ClockOut& operator=(const ClockOut&) = delete;

  private:
    std::atomic<bool> over_{false};
    std::thread thread_;
};

}  // namespace legume

// MIDI clock as a straight line through the last ticks: its tempo and beat, without the jitter of the ticks.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace legume {

// Knows nothing of MIDI's bytes, nor what follows it. Times are seconds of one steady clock.
class ClockIn {
  public:
    static constexpr int ticks_a_beat = 24;
    void tick(double seconds);
    void start() { go(0); }
    void resume() { go(next_); }
    void stop();
    void locate(int sixteenths);  // song position: where `resume` goes on; beat() tells at once

    bool steady() const { return interval_ > 0; }  // ticks enough to know the tempo
    bool running() const { return running_; }
    bool lost(double seconds) const { return count_ > 0 && seconds - newest() > longest_gap; }
    double tempo() const { return 60 / (ticks_a_beat * interval_); }  // beats a minute, when steady
    double beat(double seconds) const;                                // where the sender is; once lost: would be
    std::uint64_t dropped() const { return dropped_; }                // ticks that came faster than any music

  private:
    static constexpr double longest_gap = 0.5;
    static constexpr std::size_t window = 96, fewest = 12;
    void go(std::int64_t next);
    void fit();
    double newest() const { return times_[(at_ + window - 1) % window]; }

    std::array<double, window> times_{};  // the last ticks
    std::size_t at_ = 0, count_ = 0;
    double interval_ = 0;                   // seconds a tick, by the line; 0: not known
    double on_line_ = 0;                    // when the newest tick should have come
    double strayed_ = 0;                    // by how much ticks come late of what the line foretold, smoothed
    double credit_ = ticks_a_beat;          // ticks that may come at once
    std::int64_t next_ = 0;                 // the number of the next tick since the song's start
    bool running_ = false, waits_ = false;  // waits: running from the next tick on
    std::uint64_t dropped_ = 0;
};

}  // namespace legume

// Start, stop, song position and ticks, each when its time has come.
// SPDX-License-Identifier: MIT
#include "host/control/clock_out.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "host/control/clock_in.h"

namespace legume {
namespace {

constexpr std::uint8_t tick = 0xf8, start = 0xfa, resume = 0xfb, stop = 0xfc, position = 0xf2;
constexpr double patience = 0.005;      // seconds: how soon a stop is noticed
constexpr double dead = 0.5;            // a device that has not called for so long plays nothing
constexpr int last_sixteenth = 0x3fff;  // what a song position can say

}  // namespace

// A callback may come late but hardly early: the promptest of them tell when frame 0 was due. The slow rise follows a
// sound card whose clock runs behind the computer's.
double ClockTicks::beat_of(const CallbackTime& moment, double now) {
    const double begin = moment.seconds - static_cast<double>(moment.frame) / rate_;
    if (!known_ || begin < begin_ || begin > begin_ + 0.1)
        begin_ = begin;
    else if (moment.frame != frame_)
        begin_ += 0.01 * (begin - begin_);
    frame_ = moment.frame;
    const double since = now - (begin_ + static_cast<double>(moment.frame) / rate_);
    return moment.time.beat + since * rate_ * moment.time.step;
}

double ClockTicks::send(const CallbackTime& moment, double now, const Send& send) {
    const auto say = [&](std::uint8_t byte) { send(std::array{byte}); };
    const bool runs = moment.time.running && now - moment.seconds < dead;
    const double ticks = beat_of(moment, now) * ClockIn::ticks_a_beat;
    known_ = true;
    const bool jumped = running_ && runs && std::abs(ticks - static_cast<double>(next_)) > ClockIn::ticks_a_beat / 4;
    if (running_ && (!runs || jumped)) say(stop);
    if (runs && (!running_ || jumped)) {
        // A song position counts sixteenths: it goes on at the nearest one, whose ticks so far follow at once.
        const auto sixteenth = std::max<std::int64_t>(0, std::llround(ticks / 6));
        next_ = 6 * sixteenth;
        if (sixteenth == 0) {
            say(start);
        } else {
            const auto said = static_cast<unsigned>(std::min<std::int64_t>(sixteenth, last_sixteenth));
            send(std::array{position, static_cast<std::uint8_t>(said & 0x7f), static_cast<std::uint8_t>(said >> 7)});
            say(resume);
        }
    }
    running_ = runs;
    if (!runs) return now + patience;
    for (; ticks >= static_cast<double>(next_); ++next_) say(tick);
    const double seconds = (static_cast<double>(next_) - ticks) / (moment.time.step * rate_ * ClockIn::ticks_a_beat);
    return now + std::min(seconds, patience);
}

ClockOut::ClockOut(const Runner& runner, double latency, ClockTicks::Send send)
    : thread_([this, &runner, latency, send = std::move(send)] {
          using Clock = std::chrono::steady_clock;
          ClockTicks ticks(runner.rate());
          while (!over_.load(std::memory_order_relaxed)) {
              const std::chrono::duration<double> now = Clock::now().time_since_epoch();
              const double next = ticks.send(runner.moment(), now.count() - latency, send) + latency;
              std::this_thread::sleep_until(
                  Clock::time_point(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(next))));
          }
          if (ticks.running()) send(std::array{stop});
      }) {}

ClockOut::~ClockOut() {
    over_.store(true, std::memory_order_relaxed);
    thread_.join();
}

}  // namespace legume

// How one patch gives way to another: both are played at once, each with nodes of its own.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "graph/base/ring.h"
#include "graph/node.h"
#include "graph/schedule.h"

namespace legume {

struct Crossfade {
    double seconds = 2;  // in which the one fades and the other comes up, with even power
    double tails = 4;    // and then so long what rings of the old one may ring on
    bool operator==(const Crossfade&) const = default;
};

// What plays becomes something else: on its way from the control thread through the audio thread and back, to be freed
// with all that it replaced. Without `leaving` it is an edit, whose schedule has the transition in it.
struct Change {
    std::unique_ptr<Schedule> arriving;                 // until it is taken
    std::unique_ptr<Schedule> leaving;                  // of a change of patch: what played, on its way out
    std::array<std::unique_ptr<Schedule>, 3> replaced;  // what played, as it was, and the transition's schedules
    std::uint64_t number = 0;                           // of a change of patch: the how manieth it is
    std::uint64_t fade_blocks = 1, tail_blocks = 0;
    bool begins = false;  // in a time of its own, from the first beat on
    float tempo = 120;

    // Audio thread.
    void keep(Schedule* schedule) noexcept RT_SAFE {
        for (auto& slot : replaced)
            if (!slot) return slot.reset(schedule);
    }

  private:
    friend class Changeover;
    TransportTime time;  // of what leaves: it goes on as it was
    std::uint64_t done = 0;
    double scale = 1;         // as far as what leaves had come up itself
    std::uint64_t hurry = 0;  // from this block on it makes room; 0: it need not
};

// The audio thread's part of a change. No more than two patches leave at once: when a third comes, the oldest makes
// room within a tenth of a second.
class Changeover {
  public:
    Changeover(double rate, int channels, Retired<Change>& retired);
    ~Changeover();
    Changeover(const Changeover&) = delete;
    Changeover& operator=(const Changeover&) = delete;

    // ---- audio thread
    bool room() const noexcept RT_SAFE { return count_ < changes_.size(); }
    void begin(Change* change, const TransportTime& time) noexcept RT_SAFE;
    // `out` is what the newest patch has played; what leaves is added. The sum is never louder than what an output node
    // lets through, or than the louder of the two.
    void process(std::uint64_t frame, const Signal& in, const Signal& out) noexcept RT_SAFE;
    bool busy() const noexcept RT_SAFE { return count_ > 0; }

    // ---- control thread
    int leaving() const { return leaving_.load(std::memory_order_acquire); }  // patches that still sound

  private:
    double arrival(int frame) const noexcept RT_SAFE;
    double departure(const Change& change, int frame) const noexcept RT_SAFE;
    void limit(const Signal& out, const std::array<float, block_frames>& bounds) noexcept RT_SAFE;

    const std::uint64_t hurry_blocks_;
    const float release_;
    std::vector<float> arena_;
    Signal scratch_;
    std::array<Change*, 2> changes_{};  // the oldest first
    std::size_t count_ = 0;
    std::uint64_t coming_ = 0, coming_of_ = 0;  // blocks of the way on which the newest patch comes up
    float held_ = 1;                            // the limiter's gain
    std::atomic<int> leaving_{0};
    Retired<Change>& retired_;
};

}  // namespace legume

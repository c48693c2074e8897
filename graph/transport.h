// Musical time: its tempo, beat and running are declared as a node declares them, so that anything may move them.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <string_view>

#include "graph/block.h"
#include "graph/declaration.h"

namespace legume {

inline constexpr Range tempo_range{.min = 10, .max = 1'000, .initial = 120, .unit = Unit::tempo};

// In no schedule: the runner asks it before all nodes, so that each of them sees the same time.
class Transport final : public Declaration {
  public:
    static constexpr std::string_view id = "transport";  // no node of a patch has it
    explicit Transport(double rate = 48'000);

    Param tempo{this, "tempo", tempo_range, "How many beats (quarters) go by in a minute."};
    Param running{this, "running", {.max = 1, .initial = 1, .unit = Unit::flag}, "Whether musical time goes on."};
    // What was set last, not where it is now: that is the meter `beat`.
    Param position{this,
                   "position",
                   {.min = 0, .max = 65'536, .unit = Unit::beats, .glide_seconds = 0},
                   "Goes to this beat of the piece; the first is 0."};
    Trigger start{this, "start", "Begins musical time at its first beat."};
    Trigger stop{this, "stop", "Halts musical time where it is."};
    Trigger resume{this, "continue", "Lets musical time go on from where it halted."};
    Trigger tap{this, "tap", "Sets the tempo by hand: two taps or more, a beat apart."};
    Meter beat{this, "beat", Unit::beats, "Which beat of the piece it is; the first is 0."};
    Meter bar{this, "bar", Unit::none, "Which bar of the piece it is; the first is 1."};

    void begin_at(double first) { beat_ = first; }                                      // before the first block
    void set_bar(double beats) { bar_beats_.store(beats, std::memory_order_relaxed); }  // any thread
    // Audio thread, once a block, after the controls: the time at its first frame.
    TransportTime advance() noexcept RT_SAFE;
    // Audio thread, before advance(): another patch brings its own time, from its first beat on.
    void begin(float beats_a_minute) noexcept RT_SAFE;

  private:
    const double rate_;
    std::atomic<double> bar_beats_{4};
    double beat_ = 0;  // at the next block
    bool running_ = true;
};

}  // namespace legume

// Cues: what a piece does by itself, on the same road as a player's hands.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "graph/base/say.h"
#include "host/control/commands.h"
#include "host/control/controls.h"

namespace legume {

// Control thread. A cue is heard from the first block on that begins at its time or later.
class Cues final : public Follower {
  public:
    // A piece may begin so many seconds in: what its cues had done by then is done at once, and glides that would still
    // be on their way arrive when they would have.
    Cues(Controls& controls, const Commands& commands, Say say, double from = 0);
    void bind(bool another) override;  // another patch's times and bars count from when it came in
    // Goes on as if so much had been played: what was due is not due again.
    void go_on(double seconds, double beat);
    void tick() override;  // before each block, or as often as can be

  private:
    struct Due {
        double at = 0;  // frames, or beats of the transport, since the patch began
        std::size_t cue = 0;
    };
    void run_until(const std::vector<Due>& dues, double& reached, double now, double a_second);
    void run_waiting();
    bool run(std::size_t cue, double late);  // seconds; whether something is on its way now
    bool outdone(const Due& due, std::vector<Due>::const_iterator next, std::vector<Due>::const_iterator last) const;

    const Commands& commands_;
    const Say say_;
    std::vector<Due> by_frame_, by_beat_;  // in the order of time
    struct Waiting {
        std::size_t cue = 0;
        double late = 0;
    };
    std::deque<Waiting> waiting_;
    std::uint64_t change_ = 0;       // which brought the patch whose cues these are
    double skipped_ = 0;             // frames that it had been going on then
    double frame_ = -1, beat_ = -1;  // all before and at these, since the patch began, has been done
};

}  // namespace legume

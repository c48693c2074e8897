// Cues: what a piece does by itself, on the same road as a player's hands.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "host/control/commands.h"
#include "host/control/controls.h"

namespace legume {

// Control thread. A cue is heard from the first block on that begins at its time or later.
class Cues {
  public:
    using Say = std::function<void(const std::string&)>;
    Cues(Controls& controls, const Commands& commands, Say say);
    // After every edit, and after the controls. Another patch's times and bars count from when it came in.
    void bind();
    // Goes on as if so much had been played: what was due is not due again.
    void go_on(double seconds, double beat);
    void tick();  // before each block, or as often as can be

  private:
    struct Due {
        double at = 0;  // frames, or beats of the transport, since the patch began
        std::size_t cue = 0;
    };
    void run_until(const std::vector<Due>& dues, double& reached, double now);
    void run(std::size_t cue);

    Controls& controls_;
    const Commands& commands_;
    const Say say_;
    std::vector<Due> by_frame_, by_beat_;  // in the order of time
    std::uint64_t change_ = 0;             // which brought the patch whose cues these are
    double frame_ = -1, beat_ = -1;        // all before and at these, since the patch began, has been done
};

}  // namespace legume

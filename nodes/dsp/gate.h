// Reads a signal as a gate: open from one half on, as triggers do.
// SPDX-License-Identifier: MIT
#pragma once

#include "graph/base/rt.h"

namespace legume::dsp {

class Gate {
  public:
    // Takes one frame; true when it opens.
    bool rises(float x) noexcept RT_SAFE {
        const bool was = open_;
        open_ = x >= 0.5f;
        return open_ && !was;
    }
    bool open() const noexcept RT_SAFE { return open_; }

  private:
    bool open_ = false;
};

}  // namespace legume::dsp

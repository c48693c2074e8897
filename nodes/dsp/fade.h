// A switch without a click: walks between 0 and 1 in a fixed time, or along a curve that sets out and arrives gently.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "graph/base/rt.h"

namespace legume::dsp {

// From 0 to 1 without a corner at either end, for a share of the way.
template <class Float>
Float eased(Float way) noexcept RT_SAFE {
    return way * way * (3 - 2 * way);
}

class Fade {
  public:
    void prepare(double seconds, double rate) { step_ = static_cast<float>(1.0 / std::max(seconds * rate, 1.0)); }
    // One frame on its way; the very first one is there already.
    float next(bool on) noexcept RT_SAFE {
        const float target = on ? 1.0f : 0.0f;
        if (fresh_) at_ = target;
        fresh_ = false;
        return at_ = target > at_ ? std::min(at_ + step_, target) : std::max(at_ - step_, target);
    }
    void reset() noexcept RT_SAFE { fresh_ = true; }

  private:
    float at_ = 0, step_ = 1;
    bool fresh_ = true;
};

}  // namespace legume::dsp

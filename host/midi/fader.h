// A fader or an encoder on a param that other things move too. All values are shares of the binding's range, 0 to 1.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "graph/patch/session.h"

namespace legume {

class Fader {
  public:
    explicit Fader(FaderMode mode = FaderMode::pickup) : mode_(mode) {}

    // The fader stands at `place`, the param at `now`; `mine`: nothing else has moved the param since it came from
    // here. Gives where the param goes; nothing while the fader waits.
    std::optional<float> move(float place, float now, bool mine);
    // An encoder is turned by so much.
    float turn(float by, float now, bool mine);
    // Its port is gone: nobody knows where it stands when it returns.
    void lose();
    bool waits() const { return waits_; }

  private:
    FaderMode mode_;
    std::optional<float> place_;  // nothing: unknown
    std::optional<float> set_;    // finer than a param of whole numbers holds it
    bool waits_ = false;
};

}  // namespace legume

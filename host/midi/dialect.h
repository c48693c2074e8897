// Whether a control is a fader or an endless knob, and how that says left and right, by the values that it sends.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "graph/patch/session.h"

namespace legume {

// A fader hardly ever says the same twice, and leaves the values of few clicks soon; a knob says them again and again.
class Dialect {
  public:
    // The control's next value, 0 to 127. Gives `no` for a fader; nothing while it may be either.
    std::optional<MidiSource::Relative> hear(int value);
    bool one_way() const { return repeats_ >= 3; }  // a knob for sure, whose other direction is to be heard

  private:
    int before_ = -1, repeats_ = 0;
    bool few_ = false, most_ = false, below_ = false, above_ = false;  // beside 0, 128, and 64
};

}  // namespace legume

// The option `law`: how much of a sound is heard on the way between it and another.
// SPDX-License-Identifier: MIT
#pragma once

#include "graph/base/math.h"
#include "graph/node.h"

namespace legume {

class Law : public ChoiceOption {
  public:
    explicit Law(Node* node)
        : ChoiceOption(node, "law", {"equal-power", "linear"},
                       "Equal-power keeps unrelated sounds equally loud on the way, linear suits takes of one sound.") {
    }
    // The gain of a sound that is `at` of the way from silence (0) to all of it (1).
    float share(float way) const noexcept RT_SAFE {
        return at() == 0 ? static_cast<float>(math::sin_turns(0.25 * static_cast<double>(way))) : way;
    }
};

}  // namespace legume

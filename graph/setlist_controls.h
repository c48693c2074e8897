// The set that a patch is played in: next, previous and go are declared as a node declares them, and bound like these.
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "graph/declaration.h"

namespace legume {

// In no schedule, as the transport: the host hears of what moves here as of every control, and changes the patch.
class SetlistControls final : public Declaration {
  public:
    static constexpr std::string_view id = "setlist";  // no node of a patch has it
    Trigger next{this, "next", "Goes on to the set's next patch."};
    Trigger previous{this, "previous", "Goes back to the set's patch before."};
    Param go{this,
             "go",
             {.min = 1, .max = 128, .initial = 1, .unit = Unit::count, .glide_seconds = 0},
             "Goes to that patch of the set; the first is 1."};
    Meter position{this, "position", Unit::count, "Which patch of the set plays; the first is 1, and 0 is none of it."};
};

}  // namespace legume

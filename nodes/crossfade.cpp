// Fades from one signal to another, at equal power or in a straight line.
// SPDX-License-Identifier: MIT
#include "nodes/members/law.h"

namespace legume {
namespace {

struct Crossfade final : Node {
    In a{this, "a", "Heard at position 0."};
    In b{this, "b", "Heard at position 1."};
    Out out{this, "out", "The blend of a and b."};
    Param position{this, "position", {.min = 0, .max = 1, .initial = 0.5f}, "Where the sound stands between a and b."};
    Law law{this};

    void process(const Block& block) noexcept RT_SAFE override {
        for (int ch = 0; ch < out.channels(block); ++ch) {
            const auto x = a.read(block, ch), y = b.read(block, ch);
            const auto to = out.write(block, ch);
            const Ramp at = position.ramp(block, ch);
            const Ramp x_gain{law.share(1 - at.from), law.share(1 - at.to)},
                y_gain{law.share(at.from), law.share(at.to)};
            for (int i = 0; i < block_frames; ++i) to[i] = x[i] * x_gain[i] + y[i] * y_gain[i];
        }
    }
};

}  // namespace

extern const NodeType crossfade_node{"crossfade", "Fades from one sound to another.", make_node<Crossfade>};

}  // namespace legume

// Blends four sounds that stand in the corners of a square.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "nodes/members/law.h"

namespace legume {
namespace {

struct Vector final : Node {
    In a{this, "a", "Heard at x 0, y 0."};
    In b{this, "b", "Heard at x 1, y 0."};
    In c{this, "c", "Heard at x 0, y 1."};
    In d{this, "d", "Heard at x 1, y 1."};
    Out out{this, "out", "The blend of the four."};
    Param x{this, "x", {.min = 0, .max = 1, .initial = 0.5f}, "From a and c on the left to b and d on the right."};
    Param y{this, "y", {.min = 0, .max = 1, .initial = 0.5f}, "From a and b below to c and d above."};
    Law law{this};

    void process(const Block& block) noexcept RT_SAFE override {
        for (int ch = 0; ch < out.channels(block); ++ch) {
            const auto to = out.write(block, ch);
            std::fill(to.begin(), to.end(), 0.0f);
            const Ramp across = x.ramp(block, ch), up = y.ramp(block, ch);
            // The squares of the four gains add up to one, as those of each axis do.
            const auto add = [&](const In& in, bool right, bool top) noexcept {
                if (!in.wired(block)) return;
                const auto gain = [&](float u, float v) noexcept {
                    return law.share(right ? u : 1 - u) * law.share(top ? v : 1 - v);
                };
                const Ramp level{gain(across.from, up.from), gain(across.to, up.to)};
                const auto from = in.read(block, ch);
                for (int i = 0; i < block_frames; ++i) to[i] += from[i] * level[i];
            };
            add(a, false, false);
            add(b, true, false);
            add(c, false, true);
            add(d, true, true);
        }
    }
};

}  // namespace

extern const NodeType vector_node{"vector", "Blends four sounds between the corners of a square.", make_node<Vector>};

}  // namespace legume

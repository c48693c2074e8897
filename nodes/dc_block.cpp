// Takes away what stands still: an offset that eats headroom and thumps when it is switched.
// SPDX-License-Identifier: MIT
#include "graph/base/math.h"
#include "graph/node.h"

namespace legume {
namespace {

// Smith: Introduction to Digital Filters (2007), "DC Blocker"; scaled so that the top of the band is not lifted.
struct DcBlock final : Node {
    In in{this, "in", "Sound that may stand off the middle."};
    Out out{this, "out", "The sound around the middle."};
    Param corner{this,
                 "corner",
                 {.min = 1, .max = 100, .initial = 5, .unit = Unit::hertz, .curve = Curve::log},
                 "Below this frequency the sound falls away."};

    struct State {
        double x = 0, y = 0;
    };
    PerChannel<State> states;

    static float pole(float hertz, double rate) noexcept RT_SAFE {
        return static_cast<float>(math::exp(-2 * math::pi * static_cast<double>(hertz) / rate));
    }
    void process(const Block& b) noexcept RT_SAFE override {
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto y = out.write(b, ch);
            const Ramp hertz = corner.ramp(b, ch);
            const Ramp poles{pole(hertz.from, b.rate()), pole(hertz.to, b.rate())};
            State s = states[ch];
            for (int i = 0; i < block_frames; ++i) {
                const double p = static_cast<double>(poles[i]), now = static_cast<double>(x[i]);
                s.y = 0.5 * (1 + p) * (now - s.x) + p * s.y;
                s.x = now;
                y[i] = static_cast<float>(s.y);
            }
            states[ch] = s;
        }
    }
    void reset() noexcept RT_SAFE override { states.fill({}); }
};

}  // namespace

extern const NodeType dc_block_node{"dc-block", "Takes away an offset and the lowest rumble.", make_node<DcBlock>};

}  // namespace legume

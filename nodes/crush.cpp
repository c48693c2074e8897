// Fewer bits and fewer frames a second, as early samplers had them; what folds over is meant to.
// SPDX-License-Identifier: MIT
#include "graph/base/math.h"
#include "graph/node.h"

namespace legume {
namespace {

struct Crush final : Node {
    In in{this, "in", "Sound to crush."};
    Out out{this, "out", "The sound in steps."};
    Param bits{
        this, "bits", {.min = 1, .max = 24, .initial = 8}, "How fine the steps of level are; between whole bits too."};
    Param rate{this,
               "rate",
               {.min = 50, .max = 192'000, .initial = 12'000, .unit = Unit::hertz, .curve = Curve::log},
               "How many steps a second it takes; at the sound's own rate and above it takes them all."};

    struct State {
        double phase = 1;  // of the next step's frame; a step is due at 1
        float held = 0;
    };
    PerChannel<State> states;

    void process(const Block& b) noexcept RT_SAFE override {
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto y = out.write(b, ch);
            const Ramp fine = bits.ramp(b, ch), often = rate.ramp(b, ch);
            const double from = math::exp2(static_cast<double>(fine.from) - 1),
                         to = math::exp2(static_cast<double>(fine.to) - 1);
            State s = states[ch];
            for (int i = 0; i < block_frames; ++i) {
                if (s.phase >= 1) {
                    s.phase = math::fraction(s.phase);
                    const double steps = from + (to - from) * (i + 1) / block_frames;
                    s.held = static_cast<float>(math::round_even(static_cast<double>(x[i]) * steps) / steps);
                }
                s.phase += static_cast<double>(often[i]) / b.rate();
                if (static_cast<double>(often[i]) >= b.rate()) s.phase = 1;
                y[i] = s.held;
            }
            states[ch] = s;
        }
    }
    void reset() noexcept RT_SAFE override { states.fill({}); }
};

}  // namespace

extern const NodeType crush_node{"crush", "Makes a sound coarse: fewer bits, fewer frames.", make_node<Crush>};

}  // namespace legume

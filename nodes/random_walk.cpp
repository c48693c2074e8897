// A value that wanders in small random steps and never leaves -1 to 1; the same seed walks the same way.
// SPDX-License-Identifier: MIT
#include "graph/node.h"
#include "nodes/dsp/random.h"

namespace legume {
namespace {

struct RandomWalk final : Node {
    Out out{this, "out", "The walk, from -1 to 1, each channel its own."};
    Param rate{this,
               "rate",
               {.min = 0.01f, .max = 1'000, .initial = 2, .unit = Unit::hertz, .curve = Curve::log},
               "How many steps it takes a second."};
    Param step{this, "step", {.min = 0, .max = 1, .initial = 0.2f}, "How far a step goes at the most."};
    Trigger again{this, "reset", "Goes back to the middle and walks on from there."};
    FlagOption smooth{this, "smooth", true, "Glides from step to step, else it jumps."};
    NumberOption channels{this,
                          "channels",
                          {.min = 1, .max = max_channels, .initial = 1, .unit = Unit::count},
                          "How many independent walks."};

    struct State {
        double from = 0, to = 0, way = 0;
        std::uint64_t drawn = 0;
    };
    PerChannel<State> states;
    std::uint64_t seed = 0;

    int channels_of(const Out&, int) const override { return channels.count(); }
    void prepare(const Prepare& p) override { seed = p.seed; }

    void walk(State& s, int ch, double most) const noexcept RT_SAFE {
        s.from = s.to;
        s.to += most * (2 * dsp::random_uniform(seed, static_cast<std::uint64_t>(ch), s.drawn++) - 1);
        if (s.to > 1) s.to = 2 - s.to;  // turned back at the wall
        if (s.to < -1) s.to = -2 - s.to;
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const std::uint64_t edges = again.edges(b);
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto y = out.write(b, ch);
            const Ramp hertz = rate.ramp(b, ch);
            const double most = static_cast<double>(step.value(b, ch));
            State s = states[ch];
            for (int i = 0; i < block_frames; ++i) {
                if (edges >> i & 1) s = {0, 0, 0, s.drawn};
                y[i] = static_cast<float>(smooth.value() ? s.from + (s.to - s.from) * s.way : s.to);
                s.way += static_cast<double>(hertz[i]) / b.rate();
                if (s.way < 1) continue;
                s.way -= 1;
                walk(s, ch, most);
            }
            states[ch] = s;
        }
    }
    void reset() noexcept RT_SAFE override { states.fill({}); }
};

}  // namespace

extern const NodeType random_walk_node{"random-walk", "Wanders about in small random steps.", make_node<RandomWalk>};

}  // namespace legume

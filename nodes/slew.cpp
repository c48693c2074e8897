// Makes the steps of a signal into slopes, upward and downward each in its own time.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "graph/base/math.h"
#include "graph/node.h"

namespace legume {
namespace {

constexpr Range time_range{.min = 0.0005f, .max = 60, .initial = 0.1f, .unit = Unit::seconds, .curve = Curve::log};

struct Slew final : Node {
    In in{this, "in", "Signal to make smooth."};
    Out out{this, "out", "The signal, which no longer jumps."};
    Param rise{this, "rise", time_range, "How long a rise takes."};
    Param fall{this, "fall", time_range, "How long a fall takes."};
    ChoiceOption shape{this,
                       "shape",
                       {"exponential", "linear"},
                       "Exponential goes 99 % of any way in that time, linear goes as far as 1 at a steady speed."};

    struct State {
        double level = 0;
        bool fresh = true;  // begins where the signal is
    };
    PerChannel<State> states;

    void process(const Block& b) noexcept RT_SAFE override {
        const bool linear = shape.at() == 1;
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto y = out.write(b, ch);
            const auto pace = [&](const Param& time) noexcept {
                const double frames = static_cast<double>(time.value(b, ch)) * b.rate();
                return linear ? 1 / frames : 1 - math::exp(-4.60517018598809 / frames);  // ln 100
            };
            const double up = pace(rise), down = pace(fall);
            State s = states[ch];
            for (int i = 0; i < block_frames; ++i) {
                const double goal =
                    std::clamp(static_cast<double>(x[i]), -1e4, 1e4);  // from beyond it would never return
                if (s.fresh) s.level = goal;
                s.fresh = false;
                const double way = goal - s.level;
                s.level += linear ? std::clamp(way, -down, up) : way * (way > 0 ? up : down);
                y[i] = static_cast<float>(s.level);
            }
            states[ch] = s;
        }
    }
    void reset() noexcept RT_SAFE override { states.fill({}); }
};

}  // namespace

extern const NodeType slew_node{"slew", "Makes the jumps of a signal into slopes.", make_node<Slew>};

}  // namespace legume

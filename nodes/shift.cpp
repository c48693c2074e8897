// Moves every frequency by the same hertz: a single sideband, by two chains of all-passes.
// SPDX-License-Identifier: MIT
#include <array>

#include "graph/base/math.h"
#include "graph/node.h"

namespace legume {
namespace {

// Wardle: A Hilbert-Transformer Frequency Shifter for Audio (DAFx 1998). Coefficients: Niemitalo, Hilbert transform
// (yehar.com, 2003): a quarter turn apart within 0.7 degrees from 0.001 to 0.499 of the rate.
struct Shift final : Node {
    In in{this, "in", "Sound to move."};
    Out out{this, "out", "The sound, moved."};
    Out mirror{this, "mirror", "The sound, moved as far the other way."};
    Param by{this,
             "by",
             {.min = -5'000, .max = 5'000, .initial = 100, .unit = Unit::hertz},
             "How far every frequency moves, up or down; a few hertz make it beat."};

    // y[n] = a^2 (x[n] + y[n - 2]) - x[n - 2]
    struct AllPass {
        double x1 = 0, x2 = 0, y1 = 0, y2 = 0;
        double next(double x, double a) noexcept RT_SAFE {
            const double y = a * a * (x + y2) - x2;
            x2 = x1;
            x1 = x;
            y2 = y1;
            y1 = y;
            return y;
        }
    };
    static constexpr std::array<double, 4> early{0.6923878, 0.9360654322959, 0.9882295226860, 0.9987488452737};
    static constexpr std::array<double, 4> late{0.4021921162426, 0.8561710882420, 0.9722909545651, 0.9952884791278};
    struct State {
        std::array<AllPass, 4> early{}, late{};
        double waiting = 0, turns = 0;
    };
    PerChannel<State> states;

    void process(const Block& b) noexcept RT_SAFE override {
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto up = out.write(b, ch), down = mirror.write(b, ch);
            const Ramp hertz = by.ramp(b, ch);
            State& s = states[ch];
            for (int i = 0; i < block_frames; ++i) {
                double first = static_cast<double>(x[i]), second = first;
                for (std::size_t k = 0; k < 4; ++k) {
                    first = s.early[k].next(first, early[k]);
                    second = s.late[k].next(second, late[k]);
                }
                const double cosine = math::sin_turns(s.turns + 0.25), sine = math::sin_turns(s.turns);
                const double real = s.waiting * cosine, other = second * sine;
                s.waiting = first;
                up[i] = static_cast<float>(real + other);
                down[i] = static_cast<float>(real - other);
                s.turns = math::fraction(s.turns + static_cast<double>(hertz[i]) / b.rate());
            }
        }
    }
    void reset() noexcept RT_SAFE override { states.fill({}); }
};

}  // namespace

extern const NodeType shift_node{"shift", "Moves all frequencies by the same hertz, out of tune with themselves.",
                                 make_node<Shift>};

}  // namespace legume

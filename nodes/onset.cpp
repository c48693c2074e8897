// Hears where sounds begin: where it is suddenly louder than it was just before.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "graph/math.h"
#include "graph/node.h"

namespace legume {
namespace {

// A quick envelope against a slow one, as in Masri, Computer Modelling of Sound for Transformation and Synthesis of
// Musical Signals (Bristol, 1996), ch. 5; here over peaks instead of spectra, so that it answers within 2 ms.
struct Onset final : Node {
    In in{this, "in", "Sound to listen to."};
    Out out{this, "out", "Goes to 1 when a sound begins, and back within the hold time."};
    Param threshold{this,
                    "threshold",
                    {.min = -80, .max = 0, .initial = -40, .unit = Unit::decibels},
                    "What is softer than this does not count."};
    Param rise{this,
               "rise",
               {.min = 1, .max = 40, .initial = 8, .unit = Unit::decibels},
               "How much louder than just before a beginning is; less hears more of them."};
    Param hold{this,
               "hold",
               {.min = 0.01f, .max = 5, .initial = 0.1f, .unit = Unit::seconds, .curve = Curve::log},
               "How long after a beginning no other one counts."};

    struct State {
        double quick = 0, slow = 0;
        double left = 0;    // frames of hold
        bool armed = true;  // the last beginning has died away into what sounds
    };
    PerChannel<State> states;

    void process(const Block& b) noexcept RT_SAFE override {
        const auto pace = [&](double seconds) noexcept { return 1 - math::exp(-1 / (seconds * b.rate())); };
        const double quick_up = pace(0.001), quick_down = pace(0.03), slow_up = pace(0.1), slow_down = pace(0.02);
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto y = out.write(b, ch);
            const double floor = math::amplitude(static_cast<double>(threshold.value(b, ch)));
            const double louder = math::amplitude(static_cast<double>(rise.value(b, ch)));
            State s = states[ch];
            for (int i = 0; i < block_frames; ++i) {
                const double wave = std::clamp(static_cast<double>(x[i]), -1e3, 1e3), loud = wave < 0 ? -wave : wave;
                s.quick += (loud - s.quick) * (loud > s.quick ? quick_up : quick_down);
                s.slow += (s.quick - s.slow) * (s.quick > s.slow ? slow_up : slow_down);
                const bool stands_out = s.quick > floor && s.quick > louder * s.slow;
                s.armed = s.armed || !stands_out;
                if (s.left <= 0 && s.armed && stands_out) {
                    s.left = static_cast<double>(hold.value(b, ch)) * b.rate();
                    s.armed = false;
                }
                y[i] = s.left > 1 ? 1.0f : 0.0f;  // its last frame is low, so that the next one is an edge
                s.left -= 1;
            }
            states[ch] = s;
        }
    }
    void reset() noexcept RT_SAFE override { states.fill({}); }
};

}  // namespace

extern const NodeType onset_node{"onset", "Sends a pulse when a sound begins.", make_node<Onset>};

}  // namespace legume

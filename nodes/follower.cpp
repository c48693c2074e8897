// Follows how loud a sound is, so that it can move what is wired to it.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "graph/base/math.h"
#include "graph/node.h"

namespace legume {
namespace {

// One pole with two times, the "branching" detector of Giannoulis, Massberg and Reiss, Digital Dynamic Range
// Compressor Design (JAES 60, 2012), eq. 17; for rms over the squares.
struct Follower final : Node {
    In in{this, "in", "Sound to listen to."};
    Out out{this, "out", "How loud it is, 0 for silence and 1 for full level."};
    Param attack{this,
                 "attack",
                 {.min = 0.0001f, .max = 10, .initial = 0.005f, .unit = Unit::seconds, .curve = Curve::log},
                 "How fast it follows what gets louder: two thirds of the way in this time."};
    Param release{this,
                  "release",
                  {.min = 0.001f, .max = 30, .initial = 0.2f, .unit = Unit::seconds, .curve = Curve::log},
                  "How fast it follows what gets softer: two thirds of the way in this time."};
    ChoiceOption detect{this,
                        "detect",
                        {"peak", "rms"},
                        "Peak follows the tips of the wave, rms its power, which is nearer to the ear."};
    Meter level{this, "level", Unit::none, "How loud the first channel is now."};

    PerChannel<double> levels;  // of the wave, or of its squares

    void process(const Block& b) noexcept RT_SAFE override {
        const bool rms = detect.at() == 1;
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto y = out.write(b, ch);
            const auto pace = [&](const Param& time) noexcept {
                return 1 - math::exp(-1 / (static_cast<double>(time.value(b, ch)) * b.rate()));
            };
            const double up = pace(attack), down = pace(release);
            double now = levels[ch];
            for (int i = 0; i < block_frames; ++i) {
                const double wave = std::clamp(static_cast<double>(x[i]), -1e3, 1e3);
                const double goal = rms ? wave * wave : wave < 0 ? -wave : wave;
                now += (goal - now) * (goal > now ? up : down);
                y[i] = static_cast<float>(rms ? math::pow(now, 0.5) : now);
            }
            levels[ch] = now;
            if (ch == 0) level.set(y[block_frames - 1]);
        }
    }
    void reset() noexcept RT_SAFE override { levels.fill(0); }
};

}  // namespace

extern const NodeType follower_node{"follower", "Turns how loud a sound is into a signal.", make_node<Follower>};

}  // namespace legume

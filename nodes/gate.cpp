// A gate: what is softer than its threshold is turned down, with hysteresis and hold so that it does not stutter.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "nodes/members/level.h"

namespace legume {
namespace {

struct Gate final : Node {
    In in{this, "in", "Sound to gate."};
    In key{this, "key", "Opens the gate in place of the sound itself."};
    Out out{this, "out", "The sound while the gate is open."};
    Param threshold{this,
                    "threshold",
                    {.min = -80, .max = 0, .initial = -40, .unit = Unit::decibels},
                    "The peak level at which it opens."};
    Param hysteresis{this,
                     "hysteresis",
                     {.min = 0, .max = 24, .initial = 6, .unit = Unit::decibels},
                     "How far below the threshold the sound must fall before it closes."};
    Param hold{this,
               "hold",
               {.min = 0, .max = 2, .initial = 0.05f, .unit = Unit::seconds},
               "How long it stays open after that."};
    Param attack{this,
                 "attack",
                 {.min = 0.0001f, .max = 0.5f, .initial = 0.001f, .unit = Unit::seconds, .curve = Curve::log},
                 "How long it takes to open."};
    Param release{this,
                  "release",
                  {.min = 0.001f, .max = 5, .initial = 0.1f, .unit = Unit::seconds, .curve = Curve::log},
                  "How long it takes to close."};
    Param floor{this,
                "floor",
                {.min = -90, .max = 0, .initial = -90, .unit = Unit::decibels},
                "How loud the sound is while it is closed; -90 dB is silence."};
    Meter opening{this, "open", Unit::none, "How far the gate is open, from 0 to 1."};

    float peak = 0, at = 0;  // `at` is 0 closed, 1 open
    float fall = 0;          // of the peak in a frame: 60 dB in 0.1 s bridges the zero crossings of a low tone
    double held = 0;         // frames since it fell below
    bool open = false;

    void prepare(const Prepare& p) override {
        fall = static_cast<float>(math::exp(-6.9077552789821368 / (0.1 * p.rate)));
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const In& heard = key.wired(b) ? key : in;
        const Ramp opens = amplitude(threshold.ramp(b)), low = amplitude(floor.ramp(b));
        const auto down = static_cast<float>(math::amplitude(-static_cast<double>(hysteresis.value(b))));
        const auto step = static_cast<float>(1 / (static_cast<double>(attack.value(b)) * b.rate()));
        const auto back = static_cast<float>(1 / (static_cast<double>(release.value(b)) * b.rate()));
        const double stay = static_cast<double>(hold.value(b)) * b.rate();
        float gains[block_frames];
        for (int i = 0; i < block_frames; ++i) {
            peak *= fall;
            for (int ch = 0; ch < heard.channels(b); ++ch) {
                const float x = heard.read(b, ch)[i];
                peak = std::max(peak, std::min(x < 0 ? -x : x, 1e3f));
            }
            if (peak >= opens[i]) {
                open = true;
                held = 0;
            } else if (peak >= opens[i] * down) {
                held = 0;
            } else if (open && ++held > stay) {
                open = false;
            }
            at = open ? std::min(at + step, 1.0f) : std::max(at - back, 0.0f);
            gains[i] = low[i] + (1 - low[i]) * at;
        }
        opening.set(at);
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto y = out.write(b, ch);
            for (int i = 0; i < block_frames; ++i) y[i] = x[i] * gains[i];
        }
    }
    void reset() noexcept RT_SAFE override {
        peak = at = 0;
        held = 0;
        open = false;
    }
};

}  // namespace

extern const NodeType gate_node{"gate", "Closes on what is softer than its threshold.", make_node<Gate>};

}  // namespace legume

// A knob as a signal: a param that is bound to a controller, to be wired to as many places as you like.
// SPDX-License-Identifier: MIT
#include "graph/base/math.h"
#include "graph/node.h"

namespace legume {
namespace {

struct MidiCc final : Node {
    Out out{this, "out", "The knob's place, from 0 to 1."};
    Param value{this, "value", {.glide_seconds = 0}, "Where the knob stands: bind `midi: {cc: 1}` to it."};
    Param smooth{this,
                 "smooth",
                 {.min = 0, .max = 10, .initial = 0.02f, .unit = Unit::seconds},
                 "How slowly it follows: two thirds of the way in this time."};
    float at = 0;
    bool fresh = true;  // begins where the knob is

    void process(const Block& b) noexcept RT_SAFE override {
        const auto y = out.write(b, 0);
        const Ramp goal = value.ramp(b);
        const double frames = static_cast<double>(smooth.value(b)) * b.rate();
        const auto pull = static_cast<float>(frames > 0 ? 1 - math::exp(-1 / frames) : 1);
        if (fresh) at = goal.from;
        fresh = false;
        for (int i = 0; i < block_frames; ++i) y[static_cast<std::size_t>(i)] = at += pull * (goal[i] - at);
    }
    void reset() noexcept RT_SAFE override { fresh = true; }
};

}  // namespace

extern const NodeType midi_cc_node{"midi-cc", "A controller's knob or fader as a signal.", make_node<MidiCc>};

}  // namespace legume

// Keeps a value of a signal until it is told to take another.
// SPDX-License-Identifier: MIT
#include "graph/node.h"
#include "nodes/dsp/gate.h"

namespace legume {
namespace {

struct SampleHold final : Node {
    In in{this, "in", "Signal to take values from."};
    In gate{this, "gate", "Takes a value each time this rises above one half; each channel has its own."};
    Out out{this, "out", "The value that was taken last."};
    Trigger sample{this, "sample", "Takes the value of this moment, on all channels."};
    FlagOption track{this, "track", false,
                     "While the gate is open the signal goes through, and is held when it closes."};

    struct State {
        dsp::Gate gate;
        float held = 0;
    };
    PerChannel<State> states;

    void process(const Block& b) noexcept RT_SAFE override {
        const std::uint64_t edges = sample.edges(b);
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto x = in.read(b, ch), open = gate.read(b, ch);
            const auto y = out.write(b, ch);
            State& s = states[ch];
            for (int i = 0; i < block_frames; ++i) {
                const bool rises = s.gate.rises(open[i]);
                if (rises || (edges >> i & 1) || (track.value() && s.gate.open())) s.held = x[i];
                y[i] = s.held;
            }
        }
    }
    void reset() noexcept RT_SAFE override { states.fill({}); }
};

}  // namespace

extern const NodeType sample_hold_node{"sample-hold", "Keeps a value of a signal until it takes another.",
                                       make_node<SampleHold>};

}  // namespace legume

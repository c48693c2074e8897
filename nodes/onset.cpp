// Hears where sounds begin: where it is suddenly louder than it was just before.
// SPDX-License-Identifier: MIT
#include "nodes/dsp/onset.h"

#include "graph/node.h"

namespace legume {
namespace {

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

    PerChannel<dsp::OnsetEar> ears;

    void process(const Block& b) noexcept RT_SAFE override {
        const dsp::OnsetEar::Paces paces(b.rate());
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto y = out.write(b, ch);
            const double floor = math::amplitude(static_cast<double>(threshold.value(b, ch)));
            const double louder = math::amplitude(static_cast<double>(rise.value(b, ch)));
            const double held = static_cast<double>(hold.value(b, ch)) * b.rate();
            auto& ear = ears[ch];
            for (int i = 0; i < block_frames; ++i) {
                ear.hears(x[i], paces, floor, louder, held);
                y[i] = ear.left() > 1 ? 1.0f : 0.0f;  // its last frame is low, so that the next one is an edge
            }
        }
    }
    void reset() noexcept RT_SAFE override { ears.fill({}); }
};

}  // namespace

extern const NodeType onset_node{"onset", "Sends a pulse when a sound begins.", make_node<Onset>};

}  // namespace legume

// Middle and side of a stereo sound: narrower, wider, or apart for other nodes to work on.
// SPDX-License-Identifier: MIT
#include "graph/node.h"

namespace legume {
namespace {

// Blumlein, British patent 394325 (1931): mid = (left + right) / 2, side = (left - right) / 2.
struct Stereo final : Node {
    In in{this, "in", {.channels = 2}, "Left and right, or middle and side to decode."};
    Out out{this, "out", "Left and right, or middle and side when encoded."};
    Param width{this,
                "width",
                {.min = 0, .max = 2, .initial = 1},
                "How wide it is: 0 is mono, 1 leaves it as it is, 2 doubles what the sides do not share."};
    ChoiceOption code{this,
                      "code",
                      {"off", "encode", "decode"},
                      "Encode gives middle and side on two channels, decode makes left and right of them again."};

    int channels_of(const Out&, int) const override { return 2; }
    void process(const Block& b) noexcept RT_SAFE override {
        const auto x = in.read(b, 0), y = in.read(b, 1);
        const auto to_x = out.write(b, 0), to_y = out.write(b, 1);
        const Ramp wide = width.ramp(b);
        const bool mono = in.channels(b) == 1;
        for (int i = 0; i < block_frames; ++i) {
            if (code.at() == 0) {
                const float more = 0.5f * (wide[i] - 1) * (x[i] - y[i]);  // nothing, to the bit, at width 1
                to_x[i] = x[i] + more;
                to_y[i] = y[i] - more;
            } else if (code.at() == 1) {
                to_x[i] = 0.5f * (x[i] + y[i]);
                to_y[i] = 0.5f * wide[i] * (x[i] - y[i]);
            } else {
                const float side = mono ? 0 : wide[i] * y[i];
                to_x[i] = x[i] + side;
                to_y[i] = x[i] - side;
            }
        }
    }
};

}  // namespace

extern const NodeType stereo_node{"stereo", "Makes a stereo sound narrower or wider, or takes middle and side apart.",
                                  make_node<Stereo>};

}  // namespace legume

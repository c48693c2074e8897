// Places a sound between left and right.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "graph/base/math.h"
#include "graph/node.h"

namespace legume {
namespace {

struct Pan final : Node {
    In in{this, "in", {.channels = 2}, "A mono sound to place, or a stereo one to tilt."};
    Out out{this, "out", "Left and right."};
    Param position{
        this, "position", {.min = -1, .max = 1, .initial = 0}, "Where it stands, from left at -1 to right at 1."};

    int channels_of(const Out&, int) const override { return 2; }

    // Mono: equal power, 3 dB down on each side in the middle. Stereo: as it is in the middle, one side falls away.
    static float level(double at, int side, bool stereo) noexcept RT_SAFE {
        const double turns = 0.125 * (1 + at);
        const double power = math::sin_turns(side ? turns : 0.25 - turns);
        return static_cast<float>(stereo ? std::min(power * 1.4142135623730951, 1.0) : power);
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const Ramp at = position.ramp(b);
        const bool stereo = in.channels(b) == 2;
        for (int side = 0; side < 2; ++side) {
            const auto x = in.read(b, side);
            const auto y = out.write(b, side);
            const Ramp gain{level(at.from, side, stereo), level(at.to, side, stereo)};
            for (int i = 0; i < block_frames; ++i) y[i] = x[i] * gain[i];
        }
    }
};

}  // namespace

extern const NodeType pan_node{"pan", "Places a sound between left and right.", make_node<Pan>};

}  // namespace legume

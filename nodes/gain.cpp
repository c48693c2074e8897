// Makes a signal louder or softer.
// SPDX-License-Identifier: MIT
#include "nodes/dsp/fade.h"
#include "nodes/members/level.h"

namespace legume {
namespace {

struct Gain final : Node {
    In in{this, "in", "Sound to weigh."};
    Out out{this, "out", "The sound at its new level."};
    Param gain{this, "gain", gain_range, "How loud; -90 dB is silence."};
    Param mute{this, "mute", {.unit = Unit::flag}, "Silences the sound."};
    dsp::Fade sounding;

    void prepare(const Prepare& p) override { sounding.prepare(0.01, p.rate); }
    void process(const Block& b) noexcept RT_SAFE override {
        float open[block_frames];
        for (float& at : open) at = sounding.next(mute.value(b) < 0.5f);
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto y = out.write(b, ch);
            const Ramp level = amplitude(gain.ramp(b, ch));
            for (int i = 0; i < block_frames; ++i) y[i] = x[i] * level[i] * open[i];
        }
    }
    void reset() noexcept RT_SAFE override { sounding.reset(); }
};

}  // namespace

extern const NodeType gain_node{"gain", "Makes a sound louder or softer.", make_node<Gain>};

}  // namespace legume

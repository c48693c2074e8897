// A state variable filter: stable while its corner is swept at audio rate, which is why it is here and not a biquad.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "graph/math.h"
#include "graph/node.h"

namespace legume {
namespace {

// Trapezoidal integration: Simper, Linear Trapezoidal Integrated State Variable Filter (Cytomic, 2013).
struct Filter final : Node {
    In in{this, "in", "Sound to filter."};
    Out low{this, "low", "What lies below the corner."};
    Out high{this, "high", "What lies above the corner."};
    Out band{this, "band", "What lies around the corner."};
    Out notch{this, "notch", "All but what lies around the corner."};
    Param cutoff{this,
                 "cutoff",
                 {.min = 20, .max = 20'000, .initial = 1'000, .unit = Unit::hertz, .curve = Curve::log},
                 "The corner frequency."};
    Param resonance{
        this, "resonance", {.min = 0, .max = 1, .initial = 0}, "How much the corner rings, up to a whistle."};

    struct State {
        float first = 0, second = 0;
    };
    PerChannel<State> states;
    double rate = 48'000;

    float warped(float hertz) const noexcept RT_SAFE {
        return static_cast<float>(math::tan(math::pi * std::min(hertz / rate, 0.49)));
    }
    void prepare(const Prepare& p) override { rate = p.rate; }
    void process(const Block& b) noexcept RT_SAFE override {
        for (int ch = 0; ch < low.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto lo = low.write(b, ch), hi = high.write(b, ch), mid = band.write(b, ch), gap = notch.write(b, ch);
            const Ramp corner = cutoff.ramp(b, ch), ring = resonance.ramp(b, ch);
            const float g_to = warped(corner.to);
            const Ramp gs{corner.from == corner.to ? g_to : warped(corner.from), g_to};
            State s = states[ch];
            for (int i = 0; i < block_frames; ++i) {
                const float g = gs[i], k = 1.41421356f + (0.02f - 1.41421356f) * ring[i];  // 1/Q, from Butterworth on
                const float a1 = 1 / (1 + g * (g + k)), a2 = g * a1, a3 = g * a2;
                const float v3 = x[i] - s.second;
                const float v1 = a1 * s.first + a2 * v3;
                const float v2 = s.second + a2 * s.first + a3 * v3;
                s.first = 2 * v1 - s.first;
                s.second = 2 * v2 - s.second;
                lo[i] = v2;
                mid[i] = k * v1;  // its peak is as loud as the input
                gap[i] = x[i] - k * v1;
                hi[i] = gap[i] - v2;
            }
            states[ch] = s;
        }
    }
    void reset() noexcept RT_SAFE override { states.fill({}); }
};

}  // namespace

extern const NodeType filter_node{"filter", "Takes away what lies above, below or around a frequency.",
                                  make_node<Filter>};

}  // namespace legume

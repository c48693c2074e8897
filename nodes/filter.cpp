// Three filters, stable while their corner is swept at audio rate, which is why none of them is a biquad.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "graph/base/math.h"
#include "graph/node.h"
#include "nodes/dsp/interpolate.h"

namespace legume {
namespace {

// The state variable filter: Simper, Linear Trapezoidal Integrated State Variable Filter (Cytomic, 2013). The ladder:
// Zavalishin, The Art of VA Filter Design (2012), chapter 5, its loop without delay and bounded. The comb: Smith,
// Physical Audio Signal Processing (2010).
struct Filter final : Node {
    In in{this, "in", "Sound to filter."};
    Out low{this, "low", "What lies below the corner; of a comb, what rings at the corner and its overtones."};
    Out high{this, "high", "What lies above the corner; of a comb, what rings hollow, an octave below it."};
    Out band{this, "band", "What lies around the corner; of a comb, the ringing alone."};
    Out notch{this, "notch", "All but what lies around the corner; of a comb, all but the corner and its overtones."};
    Param cutoff{this,
                 "cutoff",
                 {.min = 20, .max = 20'000, .initial = 1'000, .unit = Unit::hertz, .curve = Curve::log},
                 "The corner frequency."};
    Param resonance{
        this, "resonance", {.min = 0, .max = 1, .initial = 0}, "How much the corner rings, up to a whistle."};
    ChoiceOption kind{this,
                      "kind",
                      {"state-variable", "ladder", "comb"},
                      "State-variable is clean and falls by 12 dB an octave, ladder is thick and falls by 24, "
                      "comb is a row of teeth that sings like a string."};

    struct State {
        float first = 0, second = 0, third = 0, fourth = 0;  // a comb has none of them
    };
    PerChannel<State> states;
    std::vector<float> lines;  // of the comb: [channel][ringing or hollow][size]
    std::size_t size = 0, at = 0;
    double rate = 48'000;

    float warped(float hertz) const noexcept RT_SAFE {
        return static_cast<float>(math::tan(math::pi * std::min(hertz / rate, 0.49)));
    }
    Ramp warped(const Ramp& corner) const noexcept RT_SAFE {
        const float to = warped(corner.to);
        return {corner.from == corner.to ? to : warped(corner.from), to};
    }
    void prepare(const Prepare& p) override {
        rate = p.rate;
        if (kind.at() != 2) return;
        size = std::bit_ceil(static_cast<std::size_t>(rate / static_cast<double>(cutoff.range.min)) + 4);
        lines.assign(2 * size * static_cast<std::size_t>(p.channels(low)), 0.0f);
    }
    void process(const Block& b) noexcept RT_SAFE override {
        switch (kind.at()) {
            case 0: return state_variable(b);
            case 1: return ladder(b);
            default: return comb(b);
        }
    }
    void state_variable(const Block& b) noexcept RT_SAFE {
        for (int ch = 0; ch < low.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto lo = low.write(b, ch), hi = high.write(b, ch), mid = band.write(b, ch), gap = notch.write(b, ch);
            const Ramp gs = warped(cutoff.ramp(b, ch)), ring = resonance.ramp(b, ch);
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
    // Four one-poles in a row and what the last one gives back, which is held by a tanh: it whistles and stays there.
    void ladder(const Block& b) noexcept RT_SAFE {
        for (int ch = 0; ch < low.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto lo = low.write(b, ch), hi = high.write(b, ch), mid = band.write(b, ch), gap = notch.write(b, ch);
            const Ramp gs = warped(cutoff.ramp(b, ch)), ring = resonance.ramp(b, ch);
            State s = states[ch];
            for (int i = 0; i < block_frames; ++i) {
                const float share = 1 / (1 + gs[i]), g = gs[i] * share, k = 4.1f * ring[i];
                const float kept = ((g * s.first + s.second) * g + s.third) * g + s.fourth;
                const float g4 = g * g * g * g;
                const float ahead = (g4 * x[i] + kept * share) / (1 + k * g4);  // what the last pole would give
                const float u = k == 0 ? x[i] : x[i] - k * static_cast<float>(math::tanh(static_cast<double>(ahead)));
                std::array<float, 5> y{u};
                float* const poles[] = {&s.first, &s.second, &s.third, &s.fourth};
                for (std::size_t n = 0; n < 4; ++n) {
                    const float v = (y[n] - *poles[n]) * g;
                    y[n + 1] = v + *poles[n];
                    *poles[n] = y[n + 1] + v;
                }
                lo[i] = y[4];  // the others are sums of powers of one pole
                mid[i] = 4 * (y[2] - 2 * y[3] + y[4]);
                gap[i] = u - 4 * y[1] + 8 * y[2] - 8 * y[3] + 4 * y[4];
                hi[i] = u - 4 * y[1] + 6 * y[2] - 4 * y[3] + y[4];
            }
            states[ch] = s;
        }
    }
    // Every out is as loud as the input where it is loudest.
    void comb(const Block& b) noexcept RT_SAFE {
        const std::size_t mask = size - 1;
        for (int ch = 0; ch < low.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto lo = low.write(b, ch), hi = high.write(b, ch), mid = band.write(b, ch), gap = notch.write(b, ch);
            const Ramp corner = cutoff.ramp(b, ch), ring = resonance.ramp(b, ch);
            float* const ringing = lines.data() + static_cast<std::size_t>(2 * ch) * size;
            float* const hollow = ringing + size;
            for (int i = 0; i < block_frames; ++i) {
                const std::size_t now = at + static_cast<std::size_t>(i);
                const double back = std::max(rate / static_cast<double>(corner[i]), 2.0), whole = math::floor(back);
                const float part = static_cast<float>(back - whole), again = 0.995f * ring[i];
                const std::size_t from = now - static_cast<std::size_t>(whole);
                const float echo = dsp::lagrange(ringing, mask, from, part);
                const float other = dsp::lagrange(hollow, mask, from, part);
                const float sum = ringing[now & mask] = x[i] + again * echo;
                hollow[now & mask] = x[i] - again * other;
                lo[i] = (1 - again) * sum;
                hi[i] = (1 - again) * hollow[now & mask];
                mid[i] = (1 - again) * echo;
                gap[i] = 0.5f * (1 + again) * (sum - echo);
            }
        }
        at += block_frames;
    }
    void reset() noexcept RT_SAFE override {
        states.fill({});
        std::fill(lines.begin(), lines.end(), 0.0f);
        at = 0;
    }
};

}  // namespace

extern const NodeType filter_node{"filter", "Takes away what lies above, below or around a frequency.",
                                  make_node<Filter>};

}  // namespace legume

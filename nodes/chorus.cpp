// Several voices of one sound, each a little late and never quite in tune.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <bit>
#include <vector>

#include "graph/base/math.h"
#include "graph/node.h"
#include "nodes/dsp/interpolate.h"

namespace legume {
namespace {

// Dattorro: Effect Design, part 2 (JAES 45/10, 1997).
struct Chorus final : Node {
    In in{this, "in", "Sound to multiply."};
    Out out{this, "out", "The sound among its voices; a mono sound becomes a stereo one."};
    Param rate{this,
               "rate",
               {.min = 0.01f, .max = 10, .initial = 0.5f, .unit = Unit::hertz, .curve = Curve::log},
               "How many times a second each voice goes in and out of tune."};
    Param depth{this,
                "depth",
                {.min = 0, .max = 0.03f, .initial = 0.004f, .unit = Unit::seconds, .glide_seconds = 0.2f},
                "How far the voices stray in time."};
    Param mix{this, "mix", {.min = 0, .max = 1, .initial = 0.5f}, "From the sound alone to its voices alone."};
    NumberOption voices{
        this, "voices", {.min = 1, .max = 8, .initial = 3, .unit = Unit::count}, "How many voices sound on each side."};

    static constexpr double nearest = 0.006;  // seconds: what is later than this is a voice and not a comb
    std::vector<float> lines;                 // [channel][size]
    std::size_t size = 0, at = 0;
    double turns = 0;
    float each = 1;  // so loud that all of them, not alike, are as loud as one

    int channels_of(const Out&, int widest) const override { return std::max(widest, 2); }
    void prepare(const Prepare& p) override {
        each = static_cast<float>(math::pow(voices.count(), -0.5));
        size = std::bit_ceil(static_cast<std::size_t>((nearest + static_cast<double>(depth.range.max)) * p.rate) +
                             block_frames + 4);
        lines.assign(size * static_cast<std::size_t>(std::max(p.channels(out), 2)), 0.0f);
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const std::size_t mask = size - 1;
        const Ramp hertz = rate.ramp(b), stray = depth.ramp(b), wet = mix.ramp(b);
        double sines[block_frames], cosines[block_frames];
        for (int i = 0; i < block_frames; ++i) {
            sines[i] = math::sin_turns(turns);
            cosines[i] = math::sin_turns(turns + 0.25);
            turns = math::fraction(turns + static_cast<double>(hertz[i]) / b.rate());
        }
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto y = out.write(b, ch);
            float* const line = lines.data() + static_cast<std::size_t>(ch) * size;
            float sums[block_frames] = {};
            for (int i = 0; i < block_frames; ++i) line[(at + static_cast<std::size_t>(i)) & mask] = x[i];
            for (int voice = 0; voice < voices.count(); ++voice) {
                // Spread evenly round the wave; those of one side stand between those of the other.
                const double ahead = (voice + 0.5 * ch) / voices.count();
                const double c = math::sin_turns(ahead + 0.25), s = math::sin_turns(ahead);
                for (int i = 0; i < block_frames; ++i) {
                    const double wave = sines[i] * c + cosines[i] * s;
                    const double back = (nearest + 0.5 * static_cast<double>(stray[i]) * (1 + wave)) * b.rate();
                    const double whole = math::floor(back);
                    const std::size_t from = at + static_cast<std::size_t>(i) - static_cast<std::size_t>(whole);
                    sums[i] += dsp::lagrange(line, mask, from, static_cast<float>(back - whole));
                }
            }
            for (int i = 0; i < block_frames; ++i) y[i] = x[i] + wet[i] * (each * sums[i] - x[i]);
        }
        at += block_frames;
    }
    void reset() noexcept RT_SAFE override {
        std::fill(lines.begin(), lines.end(), 0.0f);
        at = 0;
        turns = 0;
    }
};

}  // namespace

extern const NodeType chorus_node{"chorus", "Makes one sound several, wide and swaying.", make_node<Chorus>};

}  // namespace legume

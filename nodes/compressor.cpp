// A compressor: feed-forward, in decibels, one gain for all channels so that the stereo picture stands still.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "nodes/members/level.h"

namespace legume {
namespace {

// Giannoulis, Massberg, Reiss: Digital Dynamic Range Compressor Design (JAES 60/6, 2012): equation 4 for the knee,
// 17 (smooth, decoupled) for the ballistics, applied to the gain so that the attack does not wait for the threshold.
struct Compressor final : Node {
    In in{this, "in", "Sound to compress."};
    In key{this, "key", "Presses the sound down in place of the sound itself, such as a drum that makes room."};
    Out out{this, "out", "The sound, its loud parts softer."};
    Param threshold{this,
                    "threshold",
                    {.min = -60, .max = 0, .initial = -20, .unit = Unit::decibels},
                    "The level from which it turns down."};
    Param ratio{this,
                "ratio",
                {.min = 1, .max = 50, .initial = 4, .curve = Curve::log},
                "How many decibels above the threshold become one."};
    Param knee{this,
               "knee",
               {.min = 0, .max = 24, .initial = 6, .unit = Unit::decibels},
               "Over how many decibels around the threshold it sets in."};
    Param attack{this,
                 "attack",
                 {.min = 0.0001f, .max = 0.5f, .initial = 0.01f, .unit = Unit::seconds, .curve = Curve::log},
                 "How fast it turns down: two thirds of the way in this time."};
    Param release{this,
                  "release",
                  {.min = 0.005f, .max = 5, .initial = 0.15f, .unit = Unit::seconds, .curve = Curve::log},
                  "How fast it lets go: two thirds of the way in this time."};
    Param makeup{this,
                 "makeup",
                 {.min = 0, .max = 36, .initial = 0, .unit = Unit::decibels},
                 "How much louder the whole is made afterwards."};
    Meter reduction{this, "reduction", Unit::decibels, "How far it turns the sound down."};

    double peak = 0, down = 0;  // decibels of reduction: held by the release, and smoothed by the attack

    static double reduce(double over, double slope, double width) noexcept RT_SAFE {
        if (2 * over <= -width) return 0;
        if (2 * over >= width) return slope * over;
        return slope * (over + 0.5 * width) * (over + 0.5 * width) / (2 * width);
    }
    static double smoothing(float seconds, double rate) noexcept RT_SAFE {
        return math::exp(-1 / (static_cast<double>(seconds) * rate));
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const In& heard = key.wired(b) ? key : in;
        const double rise = smoothing(attack.value(b), b.rate()), fall = smoothing(release.value(b), b.rate());
        const Ramp limits = threshold.ramp(b), ratios = ratio.ramp(b), knees = knee.ramp(b), more = makeup.ramp(b);
        float gains[block_frames];
        for (int i = 0; i < block_frames; ++i) {
            float level = 0;
            for (int ch = 0; ch < heard.channels(b); ++ch) {
                const float x = heard.read(b, ch)[i];
                level = std::max(level, x < 0 ? -x : x);
            }
            const double over =
                math::decibels(std::min(static_cast<double>(level), 1e6)) - static_cast<double>(limits[i]);
            const double now = reduce(over, 1 - 1 / static_cast<double>(ratios[i]), static_cast<double>(knees[i]));
            peak = std::max(now, fall * peak + (1 - fall) * now);
            down = rise * down + (1 - rise) * peak;
            gains[i] = static_cast<float>(math::amplitude(static_cast<double>(more[i]) - down));
        }
        reduction.set(static_cast<float>(-down));
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto y = out.write(b, ch);
            for (int i = 0; i < block_frames; ++i) y[i] = x[i] * gains[i];
        }
    }
    void reset() noexcept RT_SAFE override { peak = down = 0; }
};

}  // namespace

extern const NodeType compressor_node{"compressor", "Evens out loud and soft, or makes room for another sound.",
                                      make_node<Compressor>};

}  // namespace legume

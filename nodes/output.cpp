// The way to the loudspeakers, which protects the people in front of them.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include "nodes/dsp/fade.h"
#include "nodes/members/level.h"

namespace legume {
namespace {

struct Output final : Node {
    In in{this, "in", "What the audience hears; a mono sound plays on every channel."};
    Param gain{this, "gain", gain_range, "How loud the whole is."};
    Param mute{this, "mute", {.unit = Unit::flag}, "Silences everything."};
    NumberOption channels{this,
                          "channels",
                          {.min = 1, .max = max_channels, .initial = 2, .unit = Unit::count},
                          "How many channels; a device with fewer plays them folded together."};
    FlagOption ceiling{this, "ceiling", true, "Holds peaks at -1 dBFS, gently before and hard at the very end."};
    Meter level{this, "level", Unit::decibels, "The highest peak of late."};
    Meter rms{this, "rms", Unit::decibels, "The power of the last half second or so."};

    static constexpr double fade_in_seconds = 1;

    struct Blocker {
        float x = 0, y = 0;
    };
    PerChannel<Blocker> blockers;
    dsp::Fade sounding;
    float pole = 0, release = 0, held = 1;  // `held` is the limiter's gain
    float peak = 0, power = 0;

    int channels_of(const In&) const override { return channels.count(); }
    int device_outputs() const override { return channels.count(); }
    void prepare(const Prepare& p) override {
        pole = static_cast<float>(math::exp(-2 * math::pi * 5 / p.rate));  // 5 Hz
        release = static_cast<float>(1 - math::exp(-1 / (0.1 * p.rate)));  // 0.1 s
        sounding.prepare(0.02, p.rate);
    }
    void process(const Block& b) noexcept RT_SAFE override {
        float sound[max_channels][block_frames];
        const int count = channels.count();
        for (int ch = 0; ch < count; ++ch) {
            const auto x = in.read(b, ch);
            const Ramp loud = amplitude(gain.ramp(b, ch));
            Blocker s = blockers[ch];
            for (int i = 0; i < block_frames; ++i) {
                s.y = 0.5f * (1 + pole) * (x[i] - s.x) + pole * s.y;
                s.x = x[i];
                const float y = s.y * loud[i];
                const bool finite = y - y == 0;  // no wire behind this node stops what overflows in it
                sound[ch][i] = finite ? y : 0;
                if (!finite) s = {};
            }
            blockers[ch] = s;
        }
        float block_peak = 0, block_power = 0;
        for (int i = 0; i < block_frames; ++i) {
            const float open = fade_in(b, i) * sounding.next(mute.value(b) < 0.5f);
            float highest = 0;
            for (int ch = 0; ch < count; ++ch) {
                sound[ch][i] *= open;
                highest = std::max(highest, sound[ch][i] < 0 ? -sound[ch][i] : sound[ch][i]);
            }
            const float hold = limited(highest);
            for (int ch = 0; ch < count; ++ch) {
                sound[ch][i] *= hold;
                block_power += sound[ch][i] * sound[ch][i];
            }
            block_peak = std::max(block_peak, highest * hold);
        }
        for (int ch = 0; ch < count; ++ch) add(b.device_out(), ch, sound[ch]);
        measure(block_peak, block_power / static_cast<float>(count * block_frames), b.rate());
    }
    // Of time alone, so that a reload does not fade in again.
    static float fade_in(const Block& b, int i) noexcept RT_SAFE {
        const double t = static_cast<double>(b.frame() + static_cast<std::uint64_t>(i)) / (fade_in_seconds * b.rate());
        return t < 1 ? static_cast<float>(dsp::eased(t)) : 1.0f;
    }
    // The gain for a frame whose highest value is `highest`: down at once, back slowly.
    float limited(float highest) noexcept RT_SAFE {
        if (!ceiling.value()) return 1;
        held += (1 - held) * release;
        if (highest * held > device_ceiling) held = device_ceiling / highest;
        return held;
    }
    // Several outputs may meet on one device channel: their sum is held as well.
    void add(const Signal& device, int ch, const float* sound) const noexcept RT_SAFE {
        if (device.channels == 0) return;
        const int folds = (channels.count() + device.channels - 1) / device.channels;
        const float share = 1.0f / static_cast<float>(folds);
        float* const to = device.data[static_cast<std::size_t>(ch % device.channels)];
        for (int i = 0; i < block_frames; ++i) {
            to[i] += sound[i] * share;
            if (ceiling.value()) to[i] = std::clamp(to[i], -device_ceiling, device_ceiling);
        }
    }
    void measure(float block_peak, float block_power, double rate) noexcept RT_SAFE {
        const auto blocks_a_second = static_cast<float>(rate / block_frames);
        peak = falling_peak(peak, block_peak, rate);
        power += (block_power - power) * std::min(4 / blocks_a_second, 1.0f);
        level.set(static_cast<float>(math::decibels(peak)));
        rms.set(static_cast<float>(math::decibels(std::sqrt(static_cast<double>(power)))));
    }
    void reset() noexcept RT_SAFE override {
        blockers.fill({});
        sounding.reset();
        held = 1;
        peak = power = 0;
    }
};

}  // namespace

extern const NodeType output_node{"output", "Plays to the audio device, faded in and never above -1 dBFS.",
                                  make_node<Output>};

}  // namespace legume

// Any sound on a second pair of outputs, for the player's ears alone: hear a network before it is faded in.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>

#include "nodes/dsp/fade.h"
#include "nodes/members/level.h"

namespace legume {
namespace {

struct CueOutput final : Node {
    In in{this, "in", "What you alone hear; more than two channels are folded to left and right by turns."};
    Param gain{this, "gain", gain_range, "How loud it is in your headphones."};
    Param on{this, "on", {.initial = 1, .unit = Unit::flag}, "Whether you hear it."};
    NumberOption first{this,
                       "first",
                       {.min = 1, .max = max_channels - 1, .initial = 3, .unit = Unit::count},
                       "The device's output for the left ear, the next one is for the right; where the device has too "
                       "few it stays silent, lest the audience hear it."};
    Meter level{this, "level", Unit::decibels, "The highest peak of late."};
    Work notice{this, "notice", Work::Pool::io, [this] { return say(); }, "Says when the device has no such outputs."};

    dsp::Fade sounding;
    float peak = 0;
    std::atomic<int> lacking{0};  // how many outputs the device has, where they are too few
    std::function<void(std::string)> tell;

    int device_outputs() const override { return first.count() + 1; }
    void prepare(const Prepare& p) override {
        tell = p.tell;
        sounding.prepare(0.02, p.rate);
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const Signal& device = b.device_out();
        if (device.channels <= first.count()) {
            if (lacking.load(std::memory_order_relaxed) == 0) lacking.store(device.channels);
            return level.set(static_cast<float>(math::silence_db));
        }
        const int channels = in.channels(b), folds = std::max((channels + 1) / 2, 1);
        float ears[2][block_frames] = {};
        for (int ch = 0; ch < std::max(channels, 2); ++ch) {  // a mono sound answers for both
            const auto x = in.read(b, ch);
            const Ramp loud = amplitude(gain.ramp(b, ch));
            for (int i = 0; i < block_frames; ++i) ears[ch % 2][i] += x[i] * loud[i] / static_cast<float>(folds);
        }
        float highest = 0;
        for (int i = 0; i < block_frames; ++i) {
            const float open = sounding.next(on.value(b) >= 0.5f);
            for (int ear = 0; ear < 2; ++ear) {
                float* const to = device.data[static_cast<std::size_t>(first.count() - 1 + ear)];
                const float sum = to[i] + open * ears[ear][i];
                to[i] = sum - sum == 0 ? std::clamp(sum, -device_ceiling, device_ceiling) : 0;
                highest = std::max(highest, to[i] < 0 ? -to[i] : to[i]);
            }
        }
        peak = falling_peak(peak, highest, b.rate());
        level.set(static_cast<float>(math::decibels(static_cast<double>(peak))));
    }
    // Once.
    bool say() {
        const int has = lacking.load(std::memory_order_relaxed);
        if (has <= 0) return false;
        lacking.store(-1, std::memory_order_relaxed);
        tell("the device has " + std::to_string(has) + (has == 1 ? " output" : " outputs") + "; this cue needs " +
             std::to_string(first.count()) + " and " + std::to_string(first.count() + 1) +
             ", and is silent; take another device, or set first");
        return true;
    }
    void reset() noexcept RT_SAFE override {
        sounding.reset();
        peak = 0;
    }
};

}  // namespace

extern const NodeType cue_node{"cue", "Plays any sound on a second pair of outputs, for your ears alone.",
                               make_node<CueOutput>};

}  // namespace legume

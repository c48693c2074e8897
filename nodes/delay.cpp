// An echo whose input is late, so that it may close a loop of the patch.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <bit>

#include "graph/math.h"
#include "graph/node.h"
#include "nodes/dsp/interpolate.h"
#include "nodes/sync.h"

namespace legume {
namespace {

// The echoes alone: late, a dry signal that went through here would come 64 frames after its own wire.
struct Delay final : Node {
    In in{this, "in", {.late = true}, "Sound to repeat."};
    Out out{this, "out", "The echoes alone; the sound itself goes round by a wire of its own."};
    Param time{
        this,
        "time",
        {.min = 0.002f, .max = 5, .initial = 0.4f, .unit = Unit::seconds, .curve = Curve::log, .glide_seconds = 0.2f},
        "How long until the echo; turning it bends the echo's pitch like tape."};
    Param feedback{
        this, "feedback", {.min = 0, .max = 0.98f, .initial = 0.4f}, "How loud each echo is after the one before."};
    Param damp{
        this, "damp", {.min = 0, .max = 0.99f, .initial = 0}, "How much darker each echo is than the one before."};
    Sync sync{this, "The echo comes after so many beats, whatever the time; too long for it, after half or a quarter."};

    std::vector<float> lines;  // [channel][size]
    std::size_t size = 0, at = 0;
    PerChannel<float> dark;
    double beats_seconds = 0;  // what the beats last, following the tempo like tape; 0: not known yet
    double follow = 0;         // a block's share of the way there

    void prepare(const Prepare& p) override {
        follow = 1 - math::exp(-block_frames / (0.1 * p.rate));
        size = std::bit_ceil(static_cast<std::size_t>(time.range.max * p.rate) + 4);
        lines.assign(size * static_cast<std::size_t>(std::max(p.channels(in), 1)), 0.0f);
    }
    Ramp synced(const Block& b) noexcept RT_SAFE {
        double goal = sync.seconds(b);
        while (goal > static_cast<double>(time.range.max)) goal /= 2;
        goal = std::max(goal, static_cast<double>(time.range.min));
        const double from = beats_seconds > 0 ? beats_seconds : goal;
        const double way = goal - from;
        beats_seconds = way > 1e-6 || way < -1e-6 ? from + follow * way : goal;
        return {static_cast<float>(from), static_cast<float>(beats_seconds)};
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const Ramp beats = sync.on() ? synced(b) : Ramp{};
        const std::size_t mask = size - 1;
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto y = out.write(b, ch);
            float* const line = lines.data() + static_cast<std::size_t>(ch) * size;
            const Ramp seconds = sync.on() ? beats : time.ramp(b, ch), again = feedback.ramp(b, ch),
                       darkness = damp.ramp(b, ch);
            float tone = dark[ch];
            for (int i = 0; i < block_frames; ++i) {
                const std::size_t now = at + static_cast<std::size_t>(i);
                // The input is a block old, so the echo is read that much earlier than what is fed back.
                const double back = std::max(seconds[i] * b.rate() - block_frames, 2.0);
                const double whole = math::floor(back);
                const float part = static_cast<float>(back - whole);
                const auto read = [&](std::size_t from) noexcept {
                    return dsp::lagrange(line[(from + 1) & mask], line[from & mask], line[(from - 1) & mask],
                                         line[(from - 2) & mask], part);
                };
                const std::size_t from = now - static_cast<std::size_t>(whole);
                y[i] = read(from);
                const float repeat = read(from - block_frames);
                tone = repeat + darkness[i] * (tone - repeat);
                line[now & mask] = x[i] + again[i] * tone;
            }
            dark[ch] = tone;
        }
        at += block_frames;
    }
    void reset() noexcept RT_SAFE override {
        std::fill(lines.begin(), lines.end(), 0.0f);
        dark.fill(0);
        beats_seconds = 0;
        at = 0;
    }
};

}  // namespace

extern const NodeType delay_node{"delay", "Repeats what it hears, and may close a loop of the patch.",
                                 make_node<Delay>};

}  // namespace legume

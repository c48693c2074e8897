// An echo whose input is late, so that it may close a loop of the patch.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <bit>

#include "graph/abilities.h"
#include "graph/base/math.h"
#include "graph/node.h"
#include "nodes/dsp/interpolate.h"
#include "nodes/members/sync.h"

namespace legume {
namespace {

// The echoes alone: late, a dry signal that went through here would come 64 frames after its own wire.
struct Delay final : Node, HasTail {
    In in{this, "in", {.feedback = true}, "Sound to repeat."};
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

    FlagOption ping_pong{this, "ping_pong", false,
                         "Each echo comes from the other side; a mono sound begins on the left."};
    FlagOption tape{this, "tape", false,
                    "Runs like tape: the time turns slowly and heavily, and loud echoes are squeezed softly."};

    std::vector<float> lines;  // [channel][size]
    std::size_t size = 0, at = 0;
    PerChannel<float> dark;
    PerChannel<double> reel;   // of the tape: what its time is just now; 0: not known yet
    double beats_seconds = 0;  // what the beats last, following the tempo like tape; 0: not known yet
    double follow = 0;         // a block's share of the way there

    int channels_of(const Out&, int widest) const override { return std::max(widest, ping_pong.value() ? 2 : 1); }
    void prepare(const Prepare& p) override {
        follow = 1 - math::exp(-block_frames / (0.1 * p.rate));
        size = std::bit_ceil(static_cast<std::size_t>(time.range.max * p.rate) + 4);
        lines.assign(size * static_cast<std::size_t>(std::max(p.channels(out), 1)), 0.0f);
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
    // Towards the time that is set, most of the way in a second, and never so fast that the pitch moves more than a
    // fifth.
    Ramp wound(double& here, double goal, double rate) const noexcept RT_SAFE {
        const double from = here > 0 ? here : goal, fastest = block_frames / (3 * rate);
        here = from + std::clamp(0.3 * follow * (goal - from), -fastest, fastest);
        return {static_cast<float>(from), static_cast<float>(here)};
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const bool crosses = ping_pong.value(), soft = tape.value();
        const Ramp beats = sync.on() ? synced(b) : Ramp{};
        const std::size_t mask = size - 1;
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto y = out.write(b, ch);
            float* const line = lines.data() + static_cast<std::size_t>(ch) * size;
            const int other = crosses && (ch ^ 1) < out.channels(b) ? ch ^ 1 : ch;
            const float* const repeating = lines.data() + static_cast<std::size_t>(other) * size;
            const float enters = crosses && ch == 1 && in.channels(b) == 1 ? 0.0f : 1.0f;
            const Ramp set = sync.on() ? beats : time.ramp(b, ch);
            const Ramp seconds = soft ? wound(reel[ch], static_cast<double>(set.to), b.rate()) : set;
            const Ramp again = feedback.ramp(b, ch), darkness = damp.ramp(b, ch);
            float tone = dark[ch];
            for (int i = 0; i < block_frames; ++i) {
                const std::size_t now = at + static_cast<std::size_t>(i);
                // The input is a block old, so the echo is read that much earlier than what is fed back.
                const double back = std::max(seconds[i] * b.rate() - block_frames, 2.0);
                const double whole = math::floor(back);
                const float part = static_cast<float>(back - whole);
                const std::size_t from = now - static_cast<std::size_t>(whole);
                y[i] = dsp::lagrange(line, mask, from, part);
                float repeat = dsp::lagrange(repeating, mask, from - block_frames, part);
                if (soft) repeat = static_cast<float>(math::tanh(static_cast<double>(repeat)));
                tone = repeat + darkness[i] * (tone - repeat);
                line[now & mask] = enters * x[i] + again[i] * tone;
            }
            dark[ch] = tone;
        }
        at += block_frames;
    }
    void reset() noexcept RT_SAFE override {
        std::fill(lines.begin(), lines.end(), 0.0f);
        dark.fill(0);
        reel.fill(0);
        beats_seconds = 0;
        at = 0;
    }
};

}  // namespace

extern const NodeType delay_node{"delay", "Repeats what it hears, and may close a loop of the patch.",
                                 make_node<Delay>};

}  // namespace legume

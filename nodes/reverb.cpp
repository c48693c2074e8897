// A room, from a closet to one that never falls silent: sixteen delays that feed each other without loss.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "graph/abilities.h"
#include "graph/base/math.h"
#include "graph/node.h"
#include "nodes/dsp/fade.h"
#include "nodes/dsp/interpolate.h"

namespace legume {
namespace {

// Jot, Chaigne: Digital Delay Networks for Designing Artificial Reverberators (AES 90, 1991), mixed by a Hadamard
// matrix. Its factor of a quarter is exact in floats, so what is frozen neither dies nor grows.
struct Reverb final : Node, HasTail {
    In in{this, "in", {.channels = 2}, "Sound to put into the room."};
    Out out{this, "out", "The room alone, in stereo; the sound itself goes round by a wire of its own."};
    Param size{this,
               "size",
               {.min = 0, .max = 1, .initial = 0.5f, .glide_seconds = 0.5f},
               "How large the room is, from a closet to a cathedral; turning it bends the pitch of what still sounds."};
    Param decay{this,
                "decay",
                {.min = 0.1f, .max = 100, .initial = 2, .unit = Unit::seconds, .curve = Curve::log},
                "How long it sounds until it is 60 dB softer."};
    Param damp{
        this, "damp", {.min = 0, .max = 0.95f, .initial = 0.3f}, "How much darker it becomes while it dies away."};
    Param predelay{this,
                   "predelay",
                   {.min = 0, .max = 0.25f, .initial = 0.01f, .unit = Unit::seconds, .glide_seconds = 0.2f},
                   "How long until the room answers."};
    Param freeze{this, "freeze", {.unit = Unit::flag}, "Holds what sounds now for ever and lets nothing new in."};

    static constexpr int count = 16;
    static constexpr double longest = 0.2;  // seconds, of the slowest line in the largest room
    struct Line {
        double length = 0;  // frames, on its way to a whole number
        float dark = 0;
    };
    std::array<Line, count> lines;
    std::vector<float> room, before;  // [line][frames], [side][frames]
    std::size_t frames = 0, ahead = 0, at = 0;
    dsp::Fade frozen;
    bool fresh = true;

    int channels_of(const Out&, int) const override { return 2; }
    void prepare(const Prepare& p) override {
        frames = std::bit_ceil(static_cast<std::size_t>(longest * p.rate) + 8);
        ahead = std::bit_ceil(static_cast<std::size_t>(static_cast<double>(predelay.range.max) * p.rate) + 8);
        room.assign(frames * count, 0.0f);
        before.assign(ahead * 2, 0.0f);
        frozen.prepare(0.05, p.rate);
    }
    // Spread evenly over two octaves, so that no two share their echoes; from 2 to 25 times as long as in a closet.
    static double goal(int line, float large, double rate) noexcept RT_SAFE {
        const double top = longest * math::exp2(-4.3 * (1 - static_cast<double>(large)));
        return math::round_even(top * math::exp2(-2.0 * (count - 1 - line) / (count - 1)) * rate);
    }
    static float tap(const float* line, std::size_t mask, std::size_t now, double back) noexcept RT_SAFE {
        const double whole = math::floor(back);
        const std::size_t from = now - static_cast<std::size_t>(whole);
        return dsp::lagrange(line, mask, from, static_cast<float>(back - whole));
    }
    static void hadamard(std::array<float, count>& x) noexcept RT_SAFE {
        for (std::size_t half = 1; half < count; half *= 2)
            for (std::size_t i = 0; i < count; i += 2 * half)
                for (std::size_t k = i; k < i + half; ++k) {
                    const float sum = x[k] + x[k + half];
                    x[k + half] = x[k] - x[k + half];
                    x[k] = sum;
                }
        for (float& value : x) value *= 0.25f;
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const bool hold = freeze.value(b) >= 0.5f;
        std::array<double, count> steps{};
        std::array<float, count> losses{};
        for (int k = 0; k < count; ++k) {
            auto& line = lines[static_cast<std::size_t>(k)];
            // A frozen room keeps its size, to the next whole frame: a longer line would repeat what it holds.
            const double to = hold && !fresh ? math::round_even(line.length) : goal(k, size.value(b), b.rate());
            if (fresh) line.length = to;
            const double way = std::clamp(to - line.length, -2.0, 2.0);
            steps[static_cast<std::size_t>(k)] = way / block_frames;
            losses[static_cast<std::size_t>(k)] = static_cast<float>(
                math::exp2(-9.9657842846620869 * line.length / (static_cast<double>(decay.value(b)) * b.rate())));
        }
        fresh = false;
        const auto left = in.read(b, 0), right = in.read(b, 1);
        const auto to_left = out.write(b, 0), to_right = out.write(b, 1);
        const Ramp late = predelay.ramp(b), darkness = damp.ramp(b);
        for (int i = 0; i < block_frames; ++i) {
            const std::size_t now = at + static_cast<std::size_t>(i);
            before[now & (ahead - 1)] = left[i];
            before[ahead + (now & (ahead - 1))] = right[i];
            const double back = static_cast<double>(late[i]) * b.rate();
            const float ice = frozen.next(hold), thaw = 1 - ice;
            const float enters[2] = {thaw * tap(before.data(), ahead - 1, now, back),
                                     thaw * tap(before.data() + ahead, ahead - 1, now, back)};
            std::array<float, count> x;
            float heard[2] = {0, 0};
            for (std::size_t k = 0; k < count; ++k) {
                Line& line = lines[k];
                line.length += steps[k];
                const float echo = tap(room.data() + k * frames, frames - 1, now, line.length);
                line.dark = echo + thaw * darkness[i] * (line.dark - echo);
                x[k] = line.dark * (losses[k] + ice * (1 - losses[k]));
                heard[k & 1] += (k & 2) ? -line.dark : line.dark;
            }
            hadamard(x);
            for (std::size_t k = 0; k < count; ++k)
                room[k * frames + (now & (frames - 1))] =
                    x[k] + ((k & 4) ? -enters[k & 1] : enters[k & 1]) * 0.35355339f;
            to_left[i] = 0.35355339f * heard[0];
            to_right[i] = 0.35355339f * heard[1];
        }
        at += block_frames;
        for (auto& line : lines)
            if (const double whole = math::round_even(line.length);
                (whole - line.length) * (whole - line.length) < 1e-12)
                line.length = whole;
    }
    void reset() noexcept RT_SAFE override {
        std::fill(room.begin(), room.end(), 0.0f);
        std::fill(before.begin(), before.end(), 0.0f);
        lines.fill({});
        frozen.reset();
        at = 0;
        fresh = true;
    }
};

}  // namespace

extern const NodeType reverb_node{"reverb", "Puts a sound into a room, small, vast or endless.", make_node<Reverb>};

}  // namespace legume

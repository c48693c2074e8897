// A limiter that looks ahead and between the samples, so that nothing goes beyond its ceiling on the way to the ear.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <bit>
#include <vector>

#include "nodes/dsp/half_band.h"
#include "nodes/members/level.h"

namespace legume {
namespace {

// True peaks by looking four times a sample (ITU-R BS.1770-5, annex 2). The gain is the smallest that any peak within
// the look-ahead needs, released exponentially, then averaged over the look-ahead: it is there when the peak is.
struct Limiter final : Node {
    In in{this, "in", "Sound to hold."};
    Out out{this, "out", "The sound below its ceiling, all channels by the same gain."};
    Param gain{this,
               "gain",
               {.min = 0, .max = 24, .initial = 0, .unit = Unit::decibels},
               "How far the sound is pushed against the ceiling."};
    Param ceiling{this,
                  "ceiling",
                  {.min = -24, .max = 0, .initial = -1, .unit = Unit::decibels},
                  "The true peak that nothing goes beyond."};
    Param release{this,
                  "release",
                  {.min = 0.005f, .max = 2, .initial = 0.1f, .unit = Unit::seconds, .curve = Curve::log},
                  "How fast it lets go after a peak."};
    NumberOption look_ahead{this,
                            "look_ahead",
                            {.min = 0.0005f, .max = 0.05f, .initial = 0.005f, .unit = Unit::seconds},
                            "How early it turns down: longer is cleaner and comes as much later."};
    Meter reduction{this, "reduction", Unit::decibels, "How far it turns the sound down."};

    static constexpr int seen_late = dsp::HalfBand::delay + dsp::HalfBand::delay / 2;  // 24 frames, to four times
    static constexpr double one = 0x1p40;  // gains are summed as whole numbers, so that nothing ever drifts

    struct Wanted {
        std::int64_t gain, frame;
    };
    PerChannel<dsp::Oversampler> overs;
    std::vector<float> lines;            // [channel][size]
    std::vector<Wanted> least;           // a queue of rising gains: its head is the smallest of the window
    std::vector<std::int64_t> averaged;  // the last `ahead` gains
    std::int64_t ahead = 1, now = 0, sum = 0, held = 0;
    std::size_t size = 0, head = 0, tail = 0;

    int latency_frames() const override { return static_cast<int>(ahead) + seen_late; }
    void prepare(const Prepare& p) override {
        ahead = std::max(static_cast<std::int64_t>(math::round_even(static_cast<double>(look_ahead.value()) * p.rate)),
                         std::int64_t{1});
        size = std::bit_ceil(static_cast<std::size_t>(latency_frames() + block_frames));
        lines.resize(size * static_cast<std::size_t>(std::max(p.channels(in), 1)));
        least.resize(size);
        averaged.resize(static_cast<std::size_t>(ahead));
        reset();
    }
    // The gain that the frame at hand is played at, when the newest one wants `gain`.
    float next(std::int64_t wanted, double letting) noexcept RT_SAFE {
        const std::size_t mask = size - 1;
        while (tail != head && least[(tail - 1) & mask].gain >= wanted) --tail;
        least[tail++ & mask] = {wanted, now};
        // A peak between two frames is seen with the first and concerns the second too: hence one more.
        if (least[head & mask].frame < now - ahead - 1) ++head;
        const std::int64_t smallest = least[head & mask].gain;
        held = std::min(smallest, held + static_cast<std::int64_t>(letting * static_cast<double>(smallest - held)) + 1);
        auto& oldest = averaged[static_cast<std::size_t>(now++ % ahead)];
        sum += held - oldest;
        oldest = held;
        return static_cast<float>(static_cast<double>(sum / ahead) / one);
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const Ramp push = amplitude(gain.ramp(b)), top = amplitude(ceiling.ramp(b));
        const double letting = 1 - math::exp(-1 / (static_cast<double>(release.value(b)) * b.rate()));
        const std::size_t mask = size - 1, at = static_cast<std::size_t>(now);
        float peaks[block_frames] = {};
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            float* const line = lines.data() + static_cast<std::size_t>(ch) * size;
            float pushed[block_frames], many[4 * block_frames];
            for (int i = 0; i < block_frames; ++i)
                line[(at + static_cast<std::size_t>(i)) & mask] = pushed[i] = x[i] * push[i];
            overs[ch].up(pushed, 4, many);
            for (int i = 0; i < 4 * block_frames; ++i)
                peaks[i / 4] = std::max(peaks[i / 4], many[i] < 0 ? -many[i] : many[i]);
        }
        float gains[block_frames];
        for (int i = 0; i < block_frames; ++i) {
            const double wanted = peaks[i] > top[i] ? static_cast<double>(top[i]) / static_cast<double>(peaks[i]) : 1;
            gains[i] = next(static_cast<std::int64_t>(wanted * one), letting);
        }
        reduction.set(static_cast<float>(math::decibels(static_cast<double>(gains[block_frames - 1]))));
        const std::size_t from = at - static_cast<std::size_t>(latency_frames());
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const float* const line = lines.data() + static_cast<std::size_t>(ch) * size;
            const auto y = out.write(b, ch);
            for (int i = 0; i < block_frames; ++i) y[i] = line[(from + static_cast<std::size_t>(i)) & mask] * gains[i];
        }
    }
    void reset() noexcept RT_SAFE override {
        for (auto& over : overs) over.reset();
        std::fill(lines.begin(), lines.end(), 0.0f);
        held = static_cast<std::int64_t>(one);
        std::fill(averaged.begin(), averaged.end(), held);
        sum = held * ahead;
        now = 0;
        head = tail = 0;
    }
};

}  // namespace

extern const NodeType limiter_node{"limiter", "Holds every peak below a ceiling, also those between samples.",
                                   make_node<Limiter>};

}  // namespace legume

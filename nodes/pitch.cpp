// Another pitch at the same speed: stretched in time by a library, then read faster or slower.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <bit>
#include <optional>

#include "graph/base/math.h"
#include "graph/node.h"
#include "nodes/dsp/interpolate.h"
#include "nodes/dsp/stretch.h"

namespace legume {
namespace {

struct Pitch final : Node {
    In in{this, "in", "Sound to move."};
    Out out{this, "out", "The sound at its new pitch, as fast as before; a moment late, at any pitch."};
    Param by{this,
             "by",
             {.min = -12, .max = 12, .initial = 0, .unit = Unit::semitones},
             "How far the pitch moves, for all channels; voices take the size of their speaker with them."};

    // As long as the longest piece that the stretch asks for at once, an octave down: 64 + 23 ms, and something for the
    // servo and the interpolation.
    static constexpr double late_seconds = 0.12;

    std::optional<dsp::Stretch> stretch;
    const dsp::Sinc* sinc = nullptr;
    dsp::Sinc::Taps taps;
    std::vector<float> piece, line;  // interleaved; `line` is what was stretched, [size][width]
    std::size_t width = 1, size = 0, written = 0;
    double at = 0;  // where in it is read
    int late = 0, heard = 0;

    int latency_frames() const override { return late; }
    bool portable() const override { return false; }  // SoundTouch chooses its kernels by the machine
    void prepare(const Prepare& p) override {
        width = static_cast<std::size_t>(p.channels(out));
        stretch.emplace(p.rate, static_cast<int>(width));
        sinc = &dsp::Sinc::table();
        late = static_cast<int>(late_seconds * p.rate) / block_frames * block_frames;
        size = std::bit_ceil(static_cast<std::size_t>(p.rate));
        line.assign(size * width, 0.0f);
        piece.assign(block_frames * width, 0.0f);
    }
    void process(const Block& b) noexcept RT_SAFE override {
        for (std::size_t c = 0; c < width; ++c) {
            const auto x = in.read(b, static_cast<int>(c));
            for (std::size_t i = 0; i < block_frames; ++i) piece[i * width + c] = std::clamp(x[i], -1e6f, 1e6f);
        }
        const Ramp semitones = by.ramp(b);
        const double from = math::exp2(static_cast<double>(semitones.from) / 12),
                     to = math::exp2(static_cast<double>(semitones.to) / 12);
        // What is stretched and not yet played is as many frames of the input as it takes frames to play. The stretch
        // is bent a little until all that waits is as late as was said, so that no change of pitch leaves a rest.
        const double waits = static_cast<double>(stretch->waiting()) + (static_cast<double>(written) - at) / to;
        const double off = heard < late ? 0 : std::clamp(0.5 * (waits / late - 1), -0.1, 0.1);
        stretch->set_tempo((1 + off) / to);
        stretch->put(piece);
        while (const auto frames = stretch->take(piece)) {
            for (std::size_t i = 0; i < frames; ++i, ++written)
                std::copy_n(piece.data() + i * width, width, line.data() + (written & (size - 1)) * width);
        }
        for (int i = 0; i < block_frames; ++i) {
            const double step = from + (to - from) * (i + 1) / block_frames;
            for (std::size_t c = 0; c < width; ++c) out.write(b, static_cast<int>(c))[i] = 0;
            if (heard < late) continue;
            play(b, i, step);
        }
        heard = std::min(heard + block_frames, late);
    }
    void play(const Block& b, int i, double step) noexcept RT_SAFE {
        const double whole = math::floor(at);
        sinc->weigh(at - whole, step, taps);
        const auto first = static_cast<std::ptrdiff_t>(whole) + taps.first;
        if (first + taps.count > static_cast<std::ptrdiff_t>(written)) return;
        float sum[max_channels] = {};
        for (int k = std::max(0, static_cast<int>(-first)); k < taps.count; ++k) {
            const float weight = taps.weights[static_cast<std::size_t>(k)];
            const float* const frame = line.data() + (static_cast<std::size_t>(first + k) & (size - 1)) * width;
            for (std::size_t c = 0; c < width; ++c) sum[c] += weight * frame[c];
        }
        for (std::size_t c = 0; c < width; ++c) out.write(b, static_cast<int>(c))[i] = sum[c];
        at += step;
    }
    void reset() noexcept RT_SAFE override {
        stretch->reset();
        written = 0;
        at = 0;
        heard = 0;
    }
};

}  // namespace

extern const NodeType pitch_node{"pitch", "Moves the pitch and keeps the speed.", make_node<Pitch>};

}  // namespace legume

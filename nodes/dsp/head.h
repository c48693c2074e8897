// A place in a recording that is being read, at a level on its way up or down: what every player of sounds is made of.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

#include "graph/base/math.h"
#include "nodes/dsp/interpolate.h"

namespace legume::dsp {

struct Head {
    double at = 0;  // frames of the recording
    float level = 0, slope = 0;
    bool on = false;

    void begin(double place, double rise_frames) noexcept RT_SAFE {
        *this = {place, 0, static_cast<float>(1 / std::max(rise_frames, 1.0)), true};
    }
    // Hurries when it leaves already.
    void leave(double fall_frames) noexcept RT_SAFE {
        slope = std::min(slope, static_cast<float>(-1 / std::max(fall_frames, 1.0)));
    }
    bool leaving() const noexcept RT_SAFE { return slope < 0; }
    float loudness() const noexcept RT_SAFE { return on ? level : 0; }
    void advance(double step) noexcept RT_SAFE {
        at += step;
        level = std::min(level + slope, 1.0f);
        if (level >= 1) slope = std::min(slope, 0.0f);
        on = level > 0 || slope > 0;
    }
};

// Interleaved frames.
struct Recording {
    const float* samples = nullptr;
    std::int64_t frames = 0;
    int channels = 0;
};

// The frame at a place between frames, silent beyond the recording's ends; `frame` takes its channels.
inline void read_between(const Recording& recording, double at, double step, const Sinc& sinc, Sinc::Taps& taps,
                         float* frame) noexcept RT_SAFE {
    const double whole = math::floor(at);
    const auto before = static_cast<std::int64_t>(whole);
    std::fill(frame, frame + recording.channels, 0.0f);
    if (at == whole && step <= 1 && step >= -1) {  // between no frames: what the weights below come to
        if (before < 0 || before >= recording.frames) return;
        const float* const x = recording.samples + before * recording.channels;
        std::copy(x, x + recording.channels, frame);
        return;
    }
    sinc.weigh(at - whole, step, taps);
    const std::int64_t first = before + taps.first;
    const int from = static_cast<int>(std::clamp<std::int64_t>(-first, 0, taps.count));
    const int to = static_cast<int>(std::clamp<std::int64_t>(recording.frames - first, 0, taps.count));
    for (int k = from; k < to; ++k) {
        const float* const x = recording.samples + (first + k) * recording.channels;
        const float weight = taps.weights[static_cast<std::size_t>(k)];
        for (int c = 0; c < recording.channels; ++c) frame[c] += x[c] * weight;
    }
}

}  // namespace legume::dsp

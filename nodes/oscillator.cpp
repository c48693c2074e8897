// A steady wave whose corners are rounded so that they do not fold over.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "nodes/members/level.h"

namespace legume {
namespace {

// What a jump of 2 at phase 0 lacks to be band-limited: Valimaki, Huovilainen: Antialiasing Oscillators (2007).
float blep(float phase, float step) noexcept RT_SAFE {
    if (phase < step) {
        const float x = phase / step - 1;
        return -x * x;
    }
    if (phase > 1 - step) {
        const float x = (phase - 1) / step + 1;
        return x * x;
    }
    return 0;
}

// Its integral, for a bend of 2 a frame: Esqueda, Valimaki, Bilbao: Rounding Corners with BLAMP (2016).
float blamp(float phase, float step) noexcept RT_SAFE {
    if (phase < step) {
        const float x = phase / step - 1;
        return -x * x * x * (1.0f / 3.0f);
    }
    if (phase > 1 - step) {
        const float x = (phase - 1) / step + 1;
        return x * x * x * (1.0f / 3.0f);
    }
    return 0;
}

struct Oscillator final : Node {
    In pitch{this, "pitch", "Note numbers to play (69 is 440 Hz); when wired, frequency is not heard."};
    Out out{this, "out", "The wave."};
    Param frequency{this,
                    "frequency",
                    {.min = 1, .max = 20'000, .initial = 440, .unit = Unit::hertz, .curve = Curve::log},
                    "How high it sounds."};
    Param gain{this, "gain", gain_range, "How loud; at 0 dB it reaches from -1 to 1."};
    ChoiceOption shape{this, "shape", {"sine", "saw", "square", "triangle"}, "The wave's shape, from pure to bright."};

    PerChannel<double> phases;

    float wave(double at, float step) const noexcept RT_SAFE {
        const auto phase = static_cast<float>(at);
        const float half = phase < 0.5f ? phase + 0.5f : phase - 0.5f;
        switch (shape.at()) {
            case 0: return static_cast<float>(math::sin_turns(at));
            case 1: return 2 * phase - 1 - blep(phase, step);
            case 2: return (phase < 0.5f ? 1.0f : -1.0f) + blep(phase, step) - blep(half, step);
            default:
                return (phase < 0.5f ? 4 * phase - 1 : 3 - 4 * phase) +
                       4 * step * (blamp(phase, step) - blamp(half, step));
        }
    }
    void process(const Block& b) noexcept RT_SAFE override {
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto y = out.write(b, ch);
            const auto notes = pitch.read(b, ch);
            const bool played = pitch.wired(b);
            const Ramp hertz = frequency.ramp(b, ch), level = amplitude(gain.ramp(b, ch));
            double& phase = phases[ch];
            double step = 0;
            for (int i = 0; i < block_frames; ++i) {
                if (!played)
                    step = std::min(hertz[i] / b.rate(), 0.49);
                else if (i == 0 || notes[i] != notes[i - 1])
                    step = std::min(math::note_hertz(notes[i]) / b.rate(), 0.49);
                y[i] = wave(phase, static_cast<float>(step)) * level[i];
                phase += step;
                if (phase >= 1) phase -= 1;
            }
        }
    }
    void reset() noexcept RT_SAFE override { phases.fill(0); }
};

}  // namespace

extern const NodeType oscillator_node{"oscillator", "A steady tone, from a sine to a saw.", make_node<Oscillator>};

}  // namespace legume

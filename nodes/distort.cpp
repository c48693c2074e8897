// Bends the wave by one of several shapes, oversampled so that its new harmonics do not fold back as wrong notes.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>

#include "nodes/dsp/half_band.h"
#include "nodes/dsp/tanh.h"
#include "nodes/members/level.h"

namespace legume {
namespace {

struct Distort final : Node {
    In in{this, "in", "Sound to bend."};
    Out out{this, "out", "The sound, bent."};
    Param drive{this,
                "drive",
                {.min = 0, .max = 48, .initial = 12, .unit = Unit::decibels},
                "How hard the sound is pushed into the shape."};
    Param bias{this,
               "bias",
               {.min = -1, .max = 1, .initial = 0},
               "Pushes the wave off its middle, which brings even harmonics."};
    Param level{this, "level", gain_range, "How loud the bent sound is."};
    Param mix{this, "mix", {.min = 0, .max = 1, .initial = 1}, "How much of it is bent, in step with the rest."};
    ChoiceOption shape{
        this,
        "shape",
        {"soft", "hard", "tube", "fold", "sine", "rectify"},
        "Soft and hard clip, tube leans to one side, fold and sine turn back, rectify doubles the pitch."};
    ChoiceOption oversample{
        this, "oversample", {"4x", "2x", "off"}, "How cleanly it bends: more is dearer and adds a millisecond."};

    struct State {
        dsp::Oversampler over;
        std::array<float, dsp::Oversampler::delay(4)> dry{};
    };
    PerChannel<State> states;

    int factor() const noexcept RT_SAFE { return oversample.at() == 0 ? 4 : oversample.at() == 1 ? 2 : 1; }
    int latency_frames() const override { return dsp::Oversampler::delay(factor()); }

    // The shapes, each in a loop of its own.
    template <class Use>
    void with_shape(Use use) const noexcept RT_SAFE {
        switch (shape.at()) {
            case 0: return use([](float x) { return dsp::tanh(x); });
            case 1: return use([](float x) { return std::clamp(x, -1.0f, 1.0f); });
            case 2:
                return use([](float x) { return x > 0 ? dsp::tanh(x) : 0.6f * dsp::tanh(x / 0.6f); });  // smooth at 0
            case 3:
                return use([](float x) {
                    const double part = math::fraction(0.25 * static_cast<double>(x) + 0.25) - 0.5;
                    return static_cast<float>(1 - 4 * (part < 0 ? -part : part));
                });
            case 4:
                return use([](float x) { return static_cast<float>(math::sin_turns(0.25 * static_cast<double>(x))); });
            default: return use([](float x) { return dsp::tanh(x < 0 ? -x : x); });
        }
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const int many = factor(), late = latency_frames();
        const float step = 1.0f / static_cast<float>(many * block_frames);
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto y = out.write(b, ch);
            const Ramp push = amplitude(drive.ramp(b, ch)), off = bias.ramp(b, ch), loud = amplitude(level.ramp(b, ch)),
                       wet = mix.ramp(b, ch);
            State& s = states[ch];
            float wave[dsp::Oversampler::most * block_frames], bent[block_frames];
            s.over.up(x.data(), many, wave);
            with_shape([&](auto bend) {
                const auto pushed = [&](int i) {
                    const float at = static_cast<float>(i + 1) * step;
                    const float hard = push.from + (push.to - push.from) * at;
                    return std::clamp(hard * wave[i] + off.from + (off.to - off.from) * at, -1e6f, 1e6f);
                };
                const float middle = bend(off.to);
                if (off.from == off.to)
                    for (int i = 0; i < many * block_frames; ++i) wave[i] = bend(pushed(i)) - middle;
                else
                    for (int i = 0; i < many * block_frames; ++i)
                        wave[i] =
                            bend(pushed(i)) - bend(off.from + (off.to - off.from) * (static_cast<float>(i + 1) * step));
            });
            s.over.down(wave, many, bent);
            for (int i = 0; i < block_frames; ++i) {
                const float dry = i < late ? s.dry[static_cast<std::size_t>(i)] : x[i - late];
                y[i] = dry + wet[i] * (loud[i] * bent[i] - dry);
            }
            std::copy(x.end() - late, x.end(), s.dry.begin());
        }
    }
    void reset() noexcept RT_SAFE override {
        for (auto& s : states) {
            s.over.reset();
            s.dry.fill(0);
        }
    }
};

}  // namespace

extern const NodeType distort_node{"distort", "Bends the wave: warm, harsh, or folded over.", make_node<Distort>};

}  // namespace legume

// Noise of three colours, equally strong; the same seed gives the same noise.
// SPDX-License-Identifier: MIT
#include "nodes/dsp/random.h"
#include "nodes/members/level.h"

namespace legume {
namespace {

struct Noise final : Node {
    Out out{this, "out", "The noise, each channel its own."};
    Param gain{this, "gain", gain_range, "How loud; at 0 dB every colour has -12 dBFS rms."};
    ChoiceOption colour{this,
                        "colour",
                        {"white", "pink", "brown"},
                        "White hisses, pink is equally strong in every octave, brown rumbles."};
    NumberOption channels{this,
                          "channels",
                          {.min = 1, .max = max_channels, .initial = 1, .unit = Unit::count},
                          "How many independent channels of noise."};

    struct State {
        float b0 = 0, b1 = 0, b2 = 0;
    };
    PerChannel<State> states;
    std::uint64_t seed = 0, drawn = 0;

    int channels_of(const Out&, int) const override { return channels.count(); }
    void prepare(const Prepare& p) override { seed = p.seed; }

    float next(float white, State& s) const noexcept RT_SAFE {
        switch (colour.at()) {
            case 0: return white * white_scale;
            case 1:  // Paul Kellet's economy filter, +-0.5 dB above 10 Hz at 44.1 kHz (musicdsp.org, 1999)
                s.b0 = 0.99765f * s.b0 + white * 0.0990460f;
                s.b1 = 0.96300f * s.b1 + white * 0.2965164f;
                s.b2 = 0.57000f * s.b2 + white * 1.0526913f;
                return (s.b0 + s.b1 + s.b2 + white * 0.1848f) * pink_scale;
            default:  // a sum that leaks below 20 Hz or so
                s.b0 = 0.9975f * s.b0 + white;
                return s.b0 * brown_scale;
        }
    }
    void process(const Block& b) noexcept RT_SAFE override {
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto y = out.write(b, ch);
            const Ramp level = amplitude(gain.ramp(b, ch));
            const auto stream = static_cast<std::uint64_t>(ch);
            for (int i = 0; i < block_frames; ++i) {
                const double uniform = dsp::random_uniform(seed, stream, drawn + static_cast<std::uint64_t>(i));
                y[i] = next(static_cast<float>(2 * uniform - 1), states[ch]) * level[i];
            }
        }
        drawn += block_frames;
    }
    void reset() noexcept RT_SAFE override {
        states.fill({});
        drawn = 0;
    }

    // From a uniform draw's rms (3^-1/2) through each filter's power gain to 1/4.
    static constexpr float white_scale = 0.43301270f;
    static constexpr float pink_scale = 0.14526f;
    static constexpr float brown_scale = 0.03052f;
};

}  // namespace

extern const NodeType noise_node{"noise", "White, pink or brown noise.", make_node<Noise>};

}  // namespace legume

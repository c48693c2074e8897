// A slow wave to move params with; it jumps where its shape does, so hear an oscillator instead.
// SPDX-License-Identifier: MIT
#include "graph/base/math.h"
#include "graph/node.h"
#include "nodes/dsp/fade.h"
#include "nodes/dsp/random.h"
#include "nodes/members/sync.h"

namespace legume {
namespace {

struct Lfo final : Node {
    Out out{this, "out", "The wave, from -1 to 1."};
    Param rate{this,
               "rate",
               {.min = 0.001f, .max = 100, .initial = 1, .unit = Unit::hertz, .curve = Curve::log},
               "How many times a second it goes round."};
    Param phase{this, "phase", {.min = 0, .max = 1, .initial = 0}, "How far ahead of its start the wave is, in turns."};
    Trigger again{this, "reset", "Begins the wave anew, unless it is in sync."};
    ChoiceOption shape{
        this,
        "shape",
        {"sine", "triangle", "saw", "square", "random", "smooth"},
        "The wave's shape; random holds a new value each time round, smooth glides from one to the next."};
    Sync sync{this,
              "One round in so many beats, in step with the transport, whatever the rate; 1/8 is an eighth note."};

    std::uint64_t seed = 0, round = 0;
    double turns = 0;

    void prepare(const Prepare& p) override { seed = p.seed; }
    float drawn(double at, std::uint64_t ahead) const noexcept RT_SAFE {
        const auto whole = static_cast<std::uint64_t>(math::floor(at));
        return static_cast<float>(2 * dsp::random_uniform(seed, 0, round + whole + ahead) - 1);
    }
    float wave(double at) const noexcept RT_SAFE {
        const double part = math::fraction(at);
        switch (shape.at()) {
            case 0: return static_cast<float>(math::sin_turns(part));
            case 1: return static_cast<float>(part < 0.25 ? 4 * part : part < 0.75 ? 2 - 4 * part : 4 * part - 4);
            case 2: return static_cast<float>(2 * part - 1);
            case 3: return part < 0.5 ? 1.0f : -1.0f;
            case 4: return drawn(at, 0);
            default: {
                const float from = drawn(at, 0), to = drawn(at, 1);
                return from + (to - from) * dsp::eased(static_cast<float>(part));
            }
        }
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const auto y = out.write(b, 0);
        const Ramp hertz = rate.ramp(b), ahead = phase.ramp(b);
        if (sync.on()) {
            for (int i = 0; i < block_frames; ++i) y[i] = wave(sync.turns(b, i) + ahead[i]);
            return;
        }
        const std::uint64_t edges = again.edges(b);
        for (int i = 0; i < block_frames; ++i) {
            if (edges >> i & 1) {
                turns = 0;
                ++round;
            }
            y[i] = wave(turns + ahead[i]);
            turns += hertz[i] / b.rate();
            if (turns >= 1) {
                turns -= 1;
                ++round;
            }
        }
    }
    void reset() noexcept RT_SAFE override {
        turns = 0;
        round = 0;
    }
};

}  // namespace

extern const NodeType lfo_node{"lfo", "A slow wave that moves whatever it is wired to.", make_node<Lfo>};

}  // namespace legume

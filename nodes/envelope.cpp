// An envelope whose times are exact at any curve, and which never jumps, whatever is moved while it runs.
// SPDX-License-Identifier: MIT
#include "graph/base/math.h"
#include "graph/node.h"
#include "nodes/dsp/gate.h"

namespace legume {
namespace {

constexpr Range stage_range(float seconds) {
    return {.min = 0.001f, .max = 60, .initial = seconds, .unit = Unit::seconds, .curve = Curve::log};
}

// Each stage approaches a level beyond its own end and is cut off where it gets there, as in analogue envelopes:
// Redmon, Envelope generators: ADSR (earlevel.com, 2013). Here how far beyond follows from the curve k, so that the
// stage lasts its time: the level after a share t of it is start + (end - start)(1 - e^-kt)/(1 - e^-k).
struct Envelope final : Node {
    In gate{this, "gate", "Rises while this is above one half and falls away below; each channel has its own."};
    Out out{this, "out", "The envelope, from 0 to 1."};
    Trigger strike{this, "strike", "Lets it rise and fall away once, without staying at sustain."};
    Param attack{this, "attack", stage_range(0.01f), "How long it rises."};
    Param decay{this, "decay", stage_range(0.2f), "How long it falls from its top to sustain."};
    Param sustain{this, "sustain", {.min = 0, .max = 1, .initial = 0.7f}, "Where it stays while the gate is open."};
    Param release{this, "release", stage_range(0.4f), "How long it falls away when the gate closes."};
    Param curve{this,
                "curve",
                {.min = -1, .max = 1, .initial = 0.5f},
                "How each stage bends: fast at first above 0, straight at 0, slow at first below."};

    enum class Stage { rest, attack, decay, sustain, release };
    struct State {
        dsp::Gate gate;
        Stage stage = Stage::rest;
        bool struck = false;  // by the trigger: nothing holds it at sustain
        double level = 0, start = 0;
    };
    PerChannel<State> states;

    void process(const Block& b) noexcept RT_SAFE override {
        const std::uint64_t strikes = strike.edges(b);
        const double follow = 1 - math::exp(-1 / (0.005 * b.rate()));
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto open = gate.read(b, ch);
            const auto y = out.write(b, ch);
            const Ramp stay = sustain.ramp(b, ch);
            double bend = 6 * static_cast<double>(curve.value(b, ch));
            if (bend > -1e-3 && bend < 1e-3) bend = 1e-3;
            const double beyond = 1 / (math::exp(bend) - 1);
            const auto pace = [&](const Param& time) noexcept {
                return 1 - math::exp(-bend / (static_cast<double>(time.value(b, ch)) * b.rate()));
            };
            const double up = pace(attack), down = pace(decay), away = pace(release);
            State& s = states[ch];
            const auto move = [&](double end, double share) noexcept {
                s.level += (end + (end - s.start) * beyond - s.level) * share;
            };
            const auto enter = [&](Stage stage, double start) noexcept {
                s.stage = stage;
                s.start = start;
            };
            for (int i = 0; i < block_frames; ++i) {
                const bool rises = s.gate.rises(open[i]), struck = strikes >> i & 1;
                if (rises || struck) {
                    enter(Stage::attack, 0);
                    s.struck = !s.gate.open();
                }
                const double end = static_cast<double>(stay[i]);
                if (!s.gate.open() && (!s.struck || s.stage == Stage::sustain) && s.stage != Stage::rest &&
                    s.stage != Stage::release)
                    enter(Stage::release, s.level);
                switch (s.stage) {
                    case Stage::rest: break;
                    case Stage::attack:
                        move(1, up);
                        if (s.level < 1) break;
                        s.level = 1;
                        enter(Stage::decay, 1);
                        break;
                    case Stage::decay:
                        if (s.level > end) move(end, down);
                        if (s.level <= end) enter(Stage::sustain, end);
                        break;
                    case Stage::sustain: s.level += (end - s.level) * follow; break;
                    case Stage::release:
                        move(0, away);
                        if (s.level > 0) break;
                        s.level = 0;
                        s.stage = Stage::rest;
                }
                y[i] = static_cast<float>(s.level);
            }
        }
    }
    void reset() noexcept RT_SAFE override { states.fill({}); }
};

}  // namespace

extern const NodeType envelope_node{"envelope", "Rises, stays and falls away, as a gate opens and closes.",
                                    make_node<Envelope>};

}  // namespace legume

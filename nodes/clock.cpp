// Pulses at a steady rate or on the transport's lines, straight or swung.
// SPDX-License-Identifier: MIT
#include "graph/base/math.h"
#include "nodes/members/sync.h"

namespace legume {
namespace {

struct Clock final : Node {
    Out out{this, "out", "Pulses: 1 while one lasts and 0 between."};
    Param rate{this,
               "rate",
               {.min = 0.01f, .max = 100, .initial = 2, .unit = Unit::hertz, .curve = Curve::log},
               "How many pulses a second."};
    Param divide{this,
                 "divide",
                 {.min = 1, .max = 64, .initial = 1, .unit = Unit::count},
                 "Lets only one of so many pulses through."};
    Param swing{this,
                "swing",
                {.min = 0.5f, .max = 0.75f, .initial = 0.5f},
                "Where in a pair the second pulse falls: 0.5 is straight, 0.67 triplets."};
    Param width{this,
                "width",
                {.min = 0.02f, .max = 0.98f, .initial = 0.25f},
                "How long a pulse lasts, as its share of a step."};
    Trigger again{this, "reset", "Begins anew with a pulse, unless it is in sync."};
    Sync sync{this, "A pulse on each such line of the transport, whatever the rate; 1/16 is a sixteenth note."};

    double turns = 0;  // pulses since the start

    float pulse(double at, double second, double open, double every) const noexcept RT_SAFE {
        const double pair = math::floor(at / 2), way = at - 2 * pair;
        const bool late = way >= 2 * second;
        const double number = 2 * pair + (late ? 1 : 0);
        if (math::floor(number / every) * every != number) return 0;
        return (late ? (way - 2 * second) / (2 - 2 * second) : way / (2 * second)) < open ? 1.0f : 0.0f;
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const auto y = out.write(b, 0);
        const Ramp hertz = rate.ramp(b);
        const double second = static_cast<double>(swing.value(b)), open = static_cast<double>(width.value(b)),
                     every = static_cast<double>(divide.value(b));
        const std::uint64_t edges = again.edges(b);
        for (int i = 0; i < block_frames; ++i) {
            if (sync.on()) {
                y[i] = b.transport().running ? pulse(sync.turns(b, i), second, open, every) : 0;
                continue;
            }
            if (edges >> i & 1) turns = 0;
            y[i] = pulse(turns, second, open, every);
            turns += static_cast<double>(hertz[i]) / b.rate();
        }
    }
    void reset() noexcept RT_SAFE override { turns = 0; }
};

}  // namespace

extern const NodeType clock_node{"clock", "Sends pulses, at a rate or with the beat, straight or swung.",
                                 make_node<Clock>};

}  // namespace legume

// Goes through a list of values step by step, and says by a gate which of them sound.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "nodes/dsp/random.h"
#include "nodes/members/sync.h"

namespace legume {
namespace {

constexpr std::size_t most_steps = 256;

struct Sequencer final : Node {
    Out value{this, "value", "The value of the step that sounded last."};
    Out gate{this, "gate", "Opens to 1 with each step that sounds."};
    Trigger next{this, "next", "Goes on to the next step, unless it is in sync."};
    Trigger again{this, "reset", "Lets the next step be the first."};
    Param fill{this,
               "fill",
               {.min = 0, .max = most_steps, .initial = most_steps, .unit = Unit::count},
               "How many steps sound, spread over all as evenly as can be; the others are rests."};
    Param rotate{this,
                 "rotate",
                 {.min = 0, .max = most_steps, .initial = 0, .unit = Unit::count},
                 "By how many steps the rests are moved forward."};
    Param probability{
        this, "probability", {.min = 0, .max = 1, .initial = 1}, "How likely a step that is no rest sounds."};
    Param hold{this,
               "hold",
               {.min = 0.001f, .max = 30, .initial = 0.1f, .unit = Unit::seconds, .curve = Curve::log},
               "How long a gate stays open; the next one closes it for a frame and opens it anew."};
    NumbersOption steps{this,
                        "steps",
                        {60, 63, 67, 70},
                        {.min = -1'000, .max = 1'000},
                        "The values, one for each step; 60 is middle C."};
    Sync sync{this, "A step on each such line of the transport, the first on beat 0; 1/16 is a sixteenth note."};
    Meter step{this, "step", Unit::count, "Which step it is at; the first is 1."};

    Lines lines{sync};
    std::uint64_t seed = 0;
    double taken = 0;   // steps since the reset, or in sync since beat 0
    double origin = 0;  // of the round that counts as the first step
    double left = 0;    // frames that the gate stays open
    float held = 0;

    void check(const Checking& say) const override {
        if (steps.values().size() > most_steps)
            say.problem(steps, "steps: " + std::to_string(steps.values().size()) + " are more than " +
                                   std::to_string(most_steps) + "; wire two sequencers to a switch");
    }
    void prepare(const Prepare& p) override {
        seed = p.seed;
        held = steps.values().front();
    }
    // Evenly spread: Toussaint, The Euclidean algorithm generates traditional musical rhythms (Bridges, 2005); that
    // step i of n sounds where ik mod n < k gives the same necklaces without recursion.
    bool sounds(const Block& b, std::uint64_t at, double count) const noexcept RT_SAFE {
        const std::uint64_t n = steps.values().size();
        const auto k = std::min(static_cast<std::uint64_t>(fill.value(b)), n);
        const auto moved = static_cast<std::uint64_t>(rotate.value(b)) % n;
        if ((at + n - moved) % n * k % n >= k) return false;
        return dsp::random_uniform(seed, 0, static_cast<std::uint64_t>(count)) <
               static_cast<double>(probability.value(b));
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const auto values = value.write(b, 0), gates = gate.write(b, 0);
        const std::uint64_t edges = next.edges(b), begins = again.edges(b);
        lines.begin(b);
        for (int i = 0; i < block_frames; ++i) {
            const bool moves = sync.on() ? lines.falls(b, i) : edges >> i & 1;
            if (begins >> i & 1) {
                taken = 0;
                origin = lines.count() + (moves ? 0 : 1);
            }
            const bool was_open = left > 0;
            bool opens = false;
            if (moves) {
                const double count = sync.on() ? lines.count() - origin : taken++;
                const auto n = static_cast<double>(steps.values().size());
                const auto at = static_cast<std::uint64_t>(count - math::floor(count / n) * n);
                opens = sounds(b, at, sync.on() ? lines.count() : count);
                step.set(static_cast<float>(at + 1));
                if (opens) {
                    held = steps.values()[at];
                    left = static_cast<double>(hold.value(b)) * b.rate();
                }
            }
            values[i] = held;
            gates[i] = left > 0 && !(opens && was_open) ? 1.0f : 0.0f;
            left -= 1;
        }
    }
    void reset() noexcept RT_SAFE override {
        lines.reset();
        taken = origin = left = 0;
        held = steps.values().front();
    }
};

}  // namespace

extern const NodeType sequencer_node{"sequencer", "Steps through a list of values, with rests and chance.",
                                     make_node<Sequencer>};

}  // namespace legume

// Adds up to eight signals, each at a level of its own.
// SPDX-License-Identifier: MIT
#include <array>
#include <string>

#include "nodes/members/level.h"

namespace legume {
namespace {

struct Mix final : Node {
    struct Strip {
        In in;
        Param gain;
        Strip(Node* node, const std::string& n)
            : in(node, "in" + n, "Sound " + n + "."),
              gain(node, "gain" + n, gain_range, "How loud sound " + n + " is.") {}
    };
    std::array<Strip, 8> strips{Strip{this, "1"}, Strip{this, "2"}, Strip{this, "3"}, Strip{this, "4"},
                                Strip{this, "5"}, Strip{this, "6"}, Strip{this, "7"}, Strip{this, "8"}};
    Out out{this, "out", "All of them together."};

    void process(const Block& b) noexcept RT_SAFE override {
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto y = out.write(b, ch);
            for (float& sum : y) sum = 0;
            for (Strip& strip : strips) {
                if (!strip.in.wired(b)) continue;
                const auto x = strip.in.read(b, ch);
                const Ramp level = amplitude(strip.gain.ramp(b, ch));
                for (int i = 0; i < block_frames; ++i) y[i] += x[i] * level[i];
            }
        }
    }
};

}  // namespace

extern const NodeType mix_node{"mix", "Adds up to eight sounds, each at its own level.", make_node<Mix>};

}  // namespace legume

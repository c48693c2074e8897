// Moves along a row of up to eight sounds, at most two of which are heard at a time.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>

#include "nodes/members/law.h"

namespace legume {
namespace {

struct Scan final : Node {
    std::array<In, 8> ins{{{this, "in1", "Heard at position 1."},
                           {this, "in2", "Heard at position 2."},
                           {this, "in3", "Heard at position 3."},
                           {this, "in4", "Heard at position 4."},
                           {this, "in5", "Heard at position 5."},
                           {this, "in6", "Heard at position 6."},
                           {this, "in7", "Heard at position 7."},
                           {this, "in8", "Heard at position 8."}}};
    Out out{this, "out", "What is heard at the position."};
    Param position{
        this, "position", {.min = 1, .max = 8, .initial = 1}, "Where it listens: at 2.5 halfway between in2 and in3."};
    Law law{this};

    float share(float at, float place) const noexcept RT_SAFE {
        const float away = at < place ? place - at : at - place;
        return law.share(std::max(1 - away, 0.0f));
    }
    void process(const Block& b) noexcept RT_SAFE override {
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto y = out.write(b, ch);
            std::fill(y.begin(), y.end(), 0.0f);
            const Ramp at = position.ramp(b, ch);
            float place = 0;
            for (const In& in : ins) {
                ++place;
                const Ramp gain{share(at.from, place), share(at.to, place)};
                if (!in.wired(b) || (gain.from == 0 && gain.to == 0)) continue;
                const auto x = in.read(b, ch);
                for (int i = 0; i < block_frames; ++i) y[i] += x[i] * gain[i];
            }
        }
    }
};

}  // namespace

extern const NodeType scan_node{"scan", "Moves along a row of sounds and blends neighbours.", make_node<Scan>};

}  // namespace legume

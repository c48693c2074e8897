// Plays one of up to eight sounds and changes over without a click, on the beat if it shall.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>

#include "graph/base/math.h"
#include "nodes/dsp/fade.h"
#include "nodes/members/sync.h"

namespace legume {
namespace {

struct Switch final : Node {
    std::array<In, 8> ins{{{this, "in1", "Heard at index 1."},
                           {this, "in2", "Heard at index 2."},
                           {this, "in3", "Heard at index 3."},
                           {this, "in4", "Heard at index 4."},
                           {this, "in5", "Heard at index 5."},
                           {this, "in6", "Heard at index 6."},
                           {this, "in7", "Heard at index 7."},
                           {this, "in8", "Heard at index 8."}}};
    Out out{this, "out", "The chosen sound."};
    Param index{this, "index", {.min = 1, .max = 8, .initial = 1, .unit = Unit::count}, "Which sound is heard."};
    Trigger next{this, "next", "Goes on to the next sound that is wired, and from the last to the first."};
    Sync sync{this, "A change waits for the transport's next such line; while it stands still it waits for nothing."};
    Meter chosen{this, "chosen", Unit::count, "Which sound is heard now."};

    struct Strip {
        dsp::Fade fade;
        std::array<float, block_frames> gains{};
        bool heard = false;
    };
    std::array<Strip, 8> strips;
    Lines lines{sync};
    int said = 0;             // index as it was last; the newest change of index or next wins
    int wanted = 1, now = 1;  // from 1

    void prepare(const Prepare& p) override {
        for (auto& strip : strips) strip.fade.prepare(0.02, p.rate);
    }
    int after(const Block& b, int at) const noexcept RT_SAFE {
        for (int step = 1; step < 8; ++step) {
            const int number = (at - 1 + step) % 8 + 1;
            if (ins[static_cast<std::size_t>(number - 1)].wired(b)) return number;
        }
        return at;
    }
    void choose(const Block& b) noexcept RT_SAFE {
        const std::uint64_t edges = next.edges(b);
        const int says = static_cast<int>(index.value(b));
        if (says != said) wanted = says;
        if (said == 0) now = says;
        said = says;
        for (auto& strip : strips) strip.heard = false;
        lines.begin(b);
        for (int i = 0; i < block_frames; ++i) {
            if (edges >> i & 1) wanted = after(b, wanted);
            const bool line = lines.falls(b, i);
            if (!sync.on() || !b.transport().running || line) now = wanted;
            int number = 0;
            for (auto& strip : strips) {
                const float way = strip.fade.next(++number == now);
                const auto gain =
                    way == 0 || way == 1 ? way : static_cast<float>(math::sin_turns(0.25 * static_cast<double>(way)));
                strip.gains[static_cast<std::size_t>(i)] = gain;
                strip.heard = strip.heard || gain > 0;
            }
        }
        chosen.set(static_cast<float>(now));
    }
    void process(const Block& b) noexcept RT_SAFE override {
        choose(b);
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto y = out.write(b, ch);
            std::fill(y.begin(), y.end(), 0.0f);
            for (std::size_t k = 0; k < strips.size(); ++k) {
                if (!strips[k].heard || !ins[k].wired(b)) continue;
                const auto x = ins[k].read(b, ch);
                for (std::size_t i = 0; i < block_frames; ++i) y[i] += x[i] * strips[k].gains[i];
            }
        }
    }
    void reset() noexcept RT_SAFE override {
        for (auto& strip : strips) strip.fade.reset();
        lines.reset();
        said = 0;
    }
};

}  // namespace

extern const NodeType switch_node{"switch", "Plays one of several sounds and changes without a click.",
                                  make_node<Switch>};

}  // namespace legume

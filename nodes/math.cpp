// A formula of its inputs, worked out for every frame, where no other node does just that.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>

#include "graph/node.h"
#include "nodes/dsp/expression.h"

namespace legume {
namespace {

struct Math final : Node {
    In a{this, "a", "The signal that the formula calls a."};
    In b{this, "b", "The signal that the formula calls b."};
    In c{this, "c", "The signal that the formula calls c."};
    In d{this, "d", "The signal that the formula calls d."};
    Out out{this, "out", "What the formula gives, channel by channel; 0 where that is no number."};
    Param x{this, "x", {.min = -10, .max = 10, .initial = 0}, "A number under your hands that the formula calls x."};
    Param y{this, "y", {.min = -10, .max = 10, .initial = 0}, "A number under your hands that the formula calls y."};
    TextOption expression{this, "expression", "a + b",
                          "The formula of a, b, c, d, x, y, t in seconds and beat; + - * / % ^, comparisons, "
                          "&& ||, condition ? this : that, and functions like sin, abs, min, clamp, hertz, from_db."};

    static constexpr const char* names[] = {"a", "b", "c", "d", "x", "y", "t", "beat"};
    std::array<double, std::size(names)> values{};
    std::optional<dsp::Expression> formula;

    // In a formula of its own, that nothing plays.
    std::string wrong() const {
        std::array<double, std::size(names)> nothing{};
        try {
            dsp::Expression(expression.value(), names, nothing.data());
        } catch (const dsp::ExpressionError& error) {
            return std::string("expression: ") + error.what() + "; it may use a, b, c, d, x, y, t, beat, " +
                   dsp::Expression::functions();
        }
        return "";
    }
    void check(const Checking& checking) const override {
        if (const auto problem = wrong(); !problem.empty()) checking.problem(expression, problem);
    }
    void prepare(const Prepare&) override {
        if (const auto problem = wrong(); !problem.empty()) throw PrepareError("expression", problem);
        formula.emplace(expression.value(), names, values.data());
    }
    void process(const Block& block) noexcept RT_SAFE override {
        const TransportTime& now = block.transport();
        for (int ch = 0; ch < out.channels(block); ++ch) {
            const ConstFrames ins[] = {a.read(block, ch), b.read(block, ch), c.read(block, ch), d.read(block, ch)};
            const Ramp first = x.ramp(block, ch), second = y.ramp(block, ch);
            const auto result = out.write(block, ch);
            for (int i = 0; i < block_frames; ++i) {
                for (std::size_t k = 0; k < std::size(ins); ++k)
                    values[k] = static_cast<double>(ins[k][static_cast<std::size_t>(i)]);
                values[4] = static_cast<double>(first[i]);
                values[5] = static_cast<double>(second[i]);
                values[6] = static_cast<double>(block.frame() + static_cast<std::uint64_t>(i)) / block.rate();
                values[7] = now.at(i);
                result[static_cast<std::size_t>(i)] = formula->value();
            }
        }
    }
};

}  // namespace

extern const NodeType math_node{"math", "Works out a formula of its inputs, for every frame.", make_node<Math>};

}  // namespace legume

// The formula's value, frame by frame, and what is said of a formula that cannot be read.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>

#include "tests/harness.h"

using namespace legume::test;

namespace {

// Of a formula whose a is a device channel with this sound, and b one more.
Rig rig_of(const std::string& formula, int inputs = 1) {
    return Rig({{"i", "input", {{"channels", std::to_string(inputs)}}},
                {"m", "math", {{"expression", formula}, {"x", "2"}}},
                {"t", "tap", {}}},
               {"i -> m.a", "m -> t"}, {.inputs = inputs});
}
float value_of(const std::string& formula, float a = 3) { return rig_of(formula).run(64, {Samples(64, a)})[0][63]; }
std::string problem_of(const std::string& formula) {
    const auto problems = problems_of({{"m", "math", {{"expression", formula}}}});
    return problems.size() == 1 ? problems[0] : std::to_string(problems.size()) + " problems";
}

}  // namespace

TEST_CASE("a formula follows its inputs frame by frame, as sums and functions do") {
    const auto sound = noise(6'400);
    const auto heard = rig_of("tanh(x * a) - 0.5 * a ^ 2").run(6'400, {sound})[0];
    double worst = 0;
    for (std::size_t i = 0; i < sound.size(); ++i) {
        const double a = static_cast<double>(sound[i]);
        worst = std::max(worst, std::abs(std::tanh(2 * a) - 0.5 * a * a - static_cast<double>(heard[i])));
    }
    CHECK(worst < 1e-6);
}

TEST_CASE("signs bind as on paper") {
    CHECK(value_of("1 + 2 * a ^ 2") == 19);
    CHECK(value_of("2 ^ 3 ^ 2") == doctest::Approx(512));
    CHECK(value_of("-a ^ 2") == doctest::Approx(-9));
    CHECK(value_of("(0 - 2) ^ 3") == doctest::Approx(-8));
    CHECK(value_of("10 - 4 - a") == 3);
    CHECK(value_of("-7 % 4") == 1);  // like the hours of a clock
    CHECK(value_of("a > 2 && a <= 3 ? 10 : 20") == 10);
    CHECK(value_of("a == 3 || a != a ? min(a, 1) : max(a, 1)") == 1);
    CHECK(value_of("clamp(a, -1, 1)") == 1);
    CHECK(value_of("hertz(69)") == doctest::Approx(440));
    CHECK(value_of("sin(pi / 2) + cos(0) + sqrt(a * a) + abs(-a) + from_db(-90)") == doctest::Approx(8));
}

TEST_CASE("t is the time in seconds and beat the transport's") {
    auto seconds = rig_of("t");
    CHECK(seconds.run(48'000)[0][24'000] == doctest::Approx(0.5));
    auto beats = rig_of("beat");
    CHECK(beats.run(48'000)[0][24'000] == doctest::Approx(1));  // 120 a minute
}

TEST_CASE("what is no number is silence, and no more than that") {
    for (const auto* formula : {"a / 0", "0 / 0", "exp(a * 1000) * 1e300", "sqrt(-a) / (a - 3)"}) {
        auto rig = rig_of(formula);
        CHECK(peak(rig.run(640, {Samples(640, 3.0f)})[0]) == 0);
        CHECK(rig.schedule().poisoned().empty());
    }
}

TEST_CASE("each channel has its own formula, and turning x is a line") {
    auto rig = rig_of("a * x", 2);
    const auto heard = rig.run(640, {Samples(640, 1.0f), Samples(640, 0.5f)});
    CHECK(heard[0][639] == 2);
    CHECK(heard[1][639] == 1);
    rig.set("m", "x", -10);
    CHECK(largest_step(rig.run(4'800, {Samples(4'800, 1.0f)})[0]) < 0.05);
}

TEST_CASE("a formula that cannot be read is a mistake of the patch, with what is wrong") {
    CHECK(problem_of("a + foo").find("\"foo\" at its place 5 is nothing that it knows; it may use a, b, c") !=
          std::string::npos);
    for (const auto* formula : {"", "a +", "a b", "(a", "sin()", "sin(a, b)", "a = 2", "a, b", "\"a\"", "a ? b"}) {
        CAPTURE(formula);
        CHECK(problem_of(formula).rfind("expression: ", 0) == 0);
    }
    CHECK(problem_of(std::string(20'000, 'a')).rfind("expression: ", 0) == 0);
}

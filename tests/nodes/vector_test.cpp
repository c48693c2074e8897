// What is heard in the square and its corners.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/harness.h"

using namespace legume::test;

namespace {

// Of four tones an octave apart.
Samples square(const std::string& x, const std::string& y) {
    std::vector<NodeText> nodes{{"v", "vector", {{"x", x}, {"y", y}}}, {"t", "tap", {}}};
    std::vector<std::string> wires{"v -> t"};
    for (const auto& [corner, hertz] : {std::pair{"a", "250"}, {"b", "500"}, {"c", "1000"}, {"d", "2000"}}) {
        nodes.push_back({std::string("o-") + corner, "oscillator", {{"frequency", std::string(hertz) + " Hz"}}});
        wires.push_back(std::string("o-") + corner + " -> v." + corner);
    }
    return Rig(nodes, wires).run(48'000)[0];
}

}  // namespace

TEST_CASE("in each corner one sound is heard alone") {
    const auto loudest = [](const char* x, const char* y) { return loudest_hertz(square(x, y), 48'000); };
    CHECK(loudest("0", "0") == doctest::Approx(250).epsilon(0.01));
    CHECK(loudest("1", "0") == doctest::Approx(500).epsilon(0.01));
    CHECK(loudest("0", "1") == doctest::Approx(1'000).epsilon(0.01));
    CHECK(loudest("1", "1") == doctest::Approx(2'000).epsilon(0.01));
    const auto corner = square("0", "1");
    for (const double other : {250.0, 500.0, 2'000.0}) CHECK(amplitude_at(corner, 48'000, other) < 1e-4);
}

TEST_CASE("power is the same everywhere in the square") {
    const double corner = rms(square("0", "0"));
    for (const auto& [x, y] : {std::pair{"0.5", "0.5"}, {"0.2", "0.9"}, {"0.5", "0"}})
        CHECK(decibels(rms(square(x, y)) / corner) == doctest::Approx(0).scale(1).epsilon(0.05));
}

TEST_CASE("a jump across the square does not click, and channels stay apart") {
    Rig rig({{"i", "input", {{"channels", "2"}}}, {"v", "vector", {{"x", "0"}, {"y", "0"}}}, {"t", "tap", {}}},
            {"i -> v.a", "i -> v.d", "v -> t"}, {.inputs = 2});
    const Channels steady{Samples(4'800, 1.0f), Samples(4'800, -0.5f)};
    rig.run(1'280, steady);
    rig.set("v", "x", 1);
    rig.set("v", "y", 1);
    const auto way = rig.run(4'800, steady);
    for (const auto& channel : way) CHECK(largest_step(channel) < 0.005);
    CHECK(way[0].back() == 1);
    CHECK(way[1].back() == -0.5f);
}

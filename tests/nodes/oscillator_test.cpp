// The oscillator's pitch, level and cleanness.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "tests/harness.h"

using namespace legume::test;

namespace {

Samples tone(const std::string& shape, double hertz, std::size_t frames = 65'536) {
    Rig rig({{"o", "oscillator", {{"shape", shape}, {"frequency", std::to_string(hertz) + " Hz"}}}, {"t", "tap", {}}},
            {"o -> t"});
    return rig.run(frames)[0];
}

}  // namespace

TEST_CASE("the oscillator is in tune") {
    for (const auto* shape : {"sine", "saw", "square", "triangle"})
        for (const double hertz : {55.0, 440.0, 3'000.0})
            CHECK(loudest_hertz(tone(shape, hertz), 48'000) == doctest::Approx(hertz).epsilon(0.0005));
}

TEST_CASE("the oscillator reaches from -1 to 1 and not much further") {
    for (const auto* shape : {"sine", "saw", "square", "triangle"}) {
        const auto wave = tone(shape, 100);
        CHECK(peak(wave) == doctest::Approx(1).epsilon(0.05));
    }
    CHECK(amplitude_at(tone("sine", 440), 48'000, 440) == doctest::Approx(1).epsilon(0.001));
    CHECK(amplitude_at(tone("square", 440), 48'000, 440) == doctest::Approx(4 / 3.14159265).epsilon(0.002));
    CHECK(amplitude_at(tone("saw", 440), 48'000, 440) == doctest::Approx(2 / 3.14159265).epsilon(0.002));
    CHECK(amplitude_at(tone("triangle", 440), 48'000, 440) == doctest::Approx(8 / 9.8696044).epsilon(0.002));
}

TEST_CASE("what folds over is far below the tone") {
    const double hertz = 2'489;  // its folded partials fall between its own
    for (const auto& [shape, floor] :
         {std::pair{"sine", -100.0}, {"saw", -26.0}, {"square", -26.0}, {"triangle", -46.0}}) {
        const auto bins = spectrum(tone(shape, hertz));
        const double per_bin = 24'000.0 / static_cast<double>(bins.size() - 1);
        double folded = 0, strongest = 0;
        for (std::size_t k = 100; k < bins.size(); ++k) {
            const double partial = static_cast<double>(k) * per_bin / hertz;
            const bool own = std::abs(partial - std::round(partial)) * hertz < 100 * per_bin;
            (own ? strongest : folded) = std::max(own ? strongest : folded, bins[k]);
        }
        CHECK(decibels(folded / strongest) < floor);
    }
}

TEST_CASE("a pitch signal plays note numbers, each channel its own") {
    Rig rig({{"notes", "input", {{"channels", "2"}}}, {"o", "oscillator", {{"frequency", "1 kHz"}}}, {"t", "tap", {}}},
            {"notes -> o.pitch", "o -> t"}, {.inputs = 2});
    const auto heard = rig.run(65'536, {Samples(65'536, 69.0f), Samples(65'536, 57.5f)});
    CHECK(loudest_hertz(heard[0], 48'000) == doctest::Approx(440).epsilon(0.0005));
    CHECK(loudest_hertz(heard[1], 48'000) == doctest::Approx(440 * std::exp2(-11.5 / 12)).epsilon(0.0005));
}

// Sounds that a network may fall into are told apart, and sound that moves is none of them.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/takes/measure.h"

#include <doctest/doctest.h>

#include <cmath>

#include "nodes/dsp/random.h"

using namespace legume;
using namespace legume::samplernn;

namespace {

constexpr double rate = 16'000;
using Sound = std::vector<float>;

Sound made(double seconds, double (*f)(double t)) {
    Sound sound;
    for (double i = 0; i < seconds * rate; ++i) sound.push_back(static_cast<float>(f(i / rate)));
    return sound;
}
double tone(double hertz, double t) { return 0.5 * std::sin(2 * 3.14159265358979 * hertz * t); }
double dice(double t, std::uint64_t stream = 1) {
    return 2 * dsp::random_uniform(1, stream, static_cast<std::uint64_t>(t * rate + 0.5)) - 1;
}
Measures of(const Sound& sound) { return measure(sound, spectra(sound), rate); }
using Flags = std::vector<std::string>;

}  // namespace

TEST_CASE("silence, noise, a tone that stays and a loop are flagged as what they are") {
    CHECK(of(Sound(32'000)).flags == Flags{"silence"});
    CHECK(of(made(2, [](double t) { return 1e-4 * dice(t); })).flags == Flags{"silence"});
    CHECK(of(made(2, [](double t) { return 0.3 * dice(t); })).flags == Flags{"noise"});
    CHECK(of(made(2, [](double t) { return tone(440, t); })).flags == Flags{"one texture", "loop"});
    // Lowpassed noise stays as it is, but is neither white nor a loop.
    Sound dull = made(2, [](double t) { return 0.5 * dice(t); });
    for (int pass = 0; pass < 3; ++pass)
        for (std::size_t i = 1; i < dull.size(); ++i) dull[i] = 0.8f * dull[i - 1] + 0.4f * dull[i];
    CHECK(of(dull).flags == Flags{"one texture"});
    // A third of a second of noise bursts and tones, over and over.
    const auto round = [](double t) {
        const double at = std::fmod(t, 1.0 / 3 + 1e-9);
        return at < 0.1 ? 0.5 * dice(at, 2) : tone(at < 0.2 ? 300 : 900, at) * (1 - at);
    };
    Sound loop = made(1.0 / 3, round), four;
    for (int i = 0; i < 12; ++i) four.insert(four.end(), loop.begin(), loop.end());
    CHECK(of(four).repetition > 0.99);
}

TEST_CASE("sound that moves is not flagged") {
    const auto moving = [](double t) {
        return (t < 0.7   ? tone(200 + 300 * t, t)
                : t < 1.2 ? 0.4 * dice(t)
                          : tone(1'500 - 400 * t, t)) *
               (0.3 + 0.7 * std::fabs(std::sin(3 * t)));
    };
    CHECK(of(made(2, moving)).flags.empty());
}

TEST_CASE("measures are in their units") {
    const auto quiet = of(made(2, [](double t) { return 0.02 * tone(1'000, t) + 0.1; }));
    CHECK(quiet.level == doctest::Approx(20 * std::log10(0.01 / std::sqrt(2.0))).epsilon(0.001));
    CHECK(quiet.dc == doctest::Approx(0.1).epsilon(0.001));
    CHECK(quiet.flags.back() == "DC");
    CHECK(quiet.centroid == doctest::Approx(1'000).epsilon(0.02));
    CHECK(quiet.flatness < 0.01);
    const auto noise = of(made(2, [](double t) { return 0.3 * dice(t); }));
    CHECK(noise.flatness > 0.85);
    CHECK(noise.centroid == doctest::Approx(4'000).epsilon(0.05));
    CHECK(noise.repetition < 0.1);
    const auto s = spectra(made(1, [](double t) { return 2 * tone(1'000, t); }));
    CHECK(s.frame(3)[64] == doctest::Approx(1).epsilon(0.01));  // a full-scale sine in its own band
}

TEST_CASE("sounds of a few samples, and of none, are measured too") {
    for (const std::size_t samples : {0u, 1u, 5u, 1'024u, 1'025u}) {
        const auto m = of(Sound(samples, 0.5f));
        CHECK(std::isfinite(m.level + m.dc + m.flatness + m.centroid + m.change + m.repetition));
    }
}

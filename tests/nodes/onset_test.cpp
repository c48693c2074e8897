// Where onset hears sounds begin, and where it does not.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>

#include "tests/harness.h"

using namespace legume::test;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

Channels pulses(const Channels& sound, const Settings& settings, double rate = 48'000) {
    const auto channels = static_cast<int>(sound.size());
    Rig rig({{"i", "input", {{"channels", std::to_string(channels)}}}, {"o", "onset", settings}, {"t", "tap", {}}},
            {"i -> o", "o -> t"}, {.rate = rate, .inputs = channels});
    return rig.run(sound[0].size(), sound);
}
std::vector<std::size_t> rises(const Samples& x) {
    std::vector<std::size_t> at;
    for (std::size_t i = 1; i < x.size(); ++i)
        if (x[i] >= 0.5f && x[i - 1] < 0.5f) at.push_back(i);
    return at;
}
// A tone that is struck at each of these seconds and dies away.
Samples struck(const std::vector<double>& seconds, double rate, double hertz = 220) {
    Samples x(static_cast<std::size_t>(3 * rate), 0.0f);
    for (const double at : seconds)
        for (auto i = static_cast<std::size_t>(at * rate); i < x.size(); ++i) {
            const double t = static_cast<double>(i) / rate - at;
            x[i] += static_cast<float>(0.5 * std::exp(-t / 0.15) * std::sin(2 * 3.14159265 * hertz * t));
        }
    return x;
}

}  // namespace

TEST_CASE("each stroke gives one pulse within 5 ms of its beginning") {
    for (const double rate : {44'100.0, 96'000.0})
        for (const double hertz : {80.0, 220.0, 3'000.0}) {
            CAPTURE(hertz);
            const std::vector<double> strokes{0.1, 0.5, 0.8, 1.6, 2.2};
            const auto at = rises(pulses({struck(strokes, rate, hertz)}, {}, rate)[0]);
            REQUIRE(at.size() == strokes.size());
            for (std::size_t i = 0; i < at.size(); ++i) {
                CHECK(static_cast<double>(at[i]) / rate >= strokes[i]);
                CHECK(static_cast<double>(at[i]) / rate < strokes[i] + 0.005);
            }
        }
}

TEST_CASE("what stays loud begins once, and what swells slowly does not begin again") {
    CHECK(rises(pulses({sine(220, 48'000, 96'000, 0.5f)}, {})[0]).size() == 1);
    auto swell = sine(220, 48'000, 96'000, 0.5f);
    for (std::size_t i = 0; i < swell.size(); ++i) swell[i] *= 0.05f + 0.95f * static_cast<float>(i) / 96'000;
    CHECK(rises(pulses({swell}, {})[0]).size() == 1);
}

TEST_CASE("what is softer than the threshold does not count, nor does what comes within the hold time") {
    auto soft = struck({0.1, 0.5}, 48'000);
    for (float& sample : soft) sample *= 0.01f;
    CHECK(rises(pulses({soft}, {})[0]).empty());
    CHECK(rises(pulses({soft}, {{"threshold", "-60 dB"}})[0]).size() == 2);
    CHECK(rises(pulses({struck({0.1, 0.5, 0.8, 1.6}, 48'000)}, {{"hold", "1 s"}})[0]).size() == 2);
}

TEST_CASE("channels are heard apart") {
    const auto y = pulses({struck({0.1}, 48'000), Samples(144'000, 0.0f)}, {});
    CHECK(rises(y[0]).size() == 1);
    CHECK(peak(y[1]) == 0);
}

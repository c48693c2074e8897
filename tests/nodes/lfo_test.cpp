// The lfo's speed and shapes.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/harness.h"

using namespace legume::test;

namespace {

std::unique_ptr<Rig> lfo(const std::string& shape, const std::string& rate, const std::string& phase = "0") {
    return std::make_unique<Rig>(
        std::vector<NodeText>{{"l", "lfo", {{"shape", shape}, {"rate", rate}, {"phase", phase}}}, {"t", "tap", {}}},
        std::vector<std::string>{"l -> t"});
}

}  // namespace

TEST_CASE("an lfo goes round as often as its rate says, from -1 to 1") {
    for (const auto* shape : {"sine", "triangle", "saw", "square"}) {
        const auto wave = lfo(shape, "8 Hz")->run(65'536)[0];
        CHECK(loudest_hertz(wave, 48'000) == doctest::Approx(8).epsilon(0.02));
        CHECK(*std::max_element(wave.begin(), wave.end()) == doctest::Approx(1).epsilon(0.001));
        CHECK(*std::min_element(wave.begin(), wave.end()) == doctest::Approx(-1).epsilon(0.001));
    }
}

TEST_CASE("phase shifts the wave by its share of a turn") {
    const auto plain = lfo("sine", "10 Hz")->run(9'600)[0], ahead = lfo("sine", "10 Hz", "0.25")->run(9'600)[0];
    for (std::size_t i = 0; i < 4'800; i += 97) CHECK(ahead[i] == doctest::Approx(plain[i + 1'200]).epsilon(0.001));
}

TEST_CASE("reset begins the wave anew at its frame") {
    const auto rig = lfo("saw", "1 Hz");
    CHECK(rig->run(24'000)[0].back() > -0.1f);
    rig->fire("l", "reset");
    CHECK(rig->run(64)[0].front() == -1);
}

TEST_CASE("a random lfo holds one value each time round, the same for the same seed") {
    const auto wave = lfo("random", "100 Hz")->run(48'000)[0];
    CHECK(std::set<float>(wave.begin(), wave.end()).size() == doctest::Approx(100).epsilon(0.02));
    CHECK(lfo("random", "100 Hz")->run(48'000)[0] == wave);
    CHECK(peak(wave) <= 1);
}

TEST_CASE("a smooth random lfo glides through a new value each time round") {
    const auto held = lfo("random", "100 Hz")->run(48'000)[0], wave = lfo("smooth", "100 Hz")->run(48'000)[0];
    for (std::size_t i = 240; i < 47'000; i += 480) {
        CHECK(wave[i - 239] == doctest::Approx(held[i]).scale(1).epsilon(0.01));  // it leaves from there
        CHECK(wave[i] == doctest::Approx((held[i] + held[i + 480]) / 2).scale(1).epsilon(0.02));
    }
    CHECK(largest_step(wave) < 2 * 1.5 / 479);
    CHECK(peak(wave) <= 1);
}

TEST_CASE("an lfo in sync goes round with the beat, whatever its rate, and is where the beat is after any change") {
    Rig rig({{"l", "lfo", {{"shape", "saw"}, {"rate", "7 Hz"}, {"sync", "1/8"}}}, {"t", "tap", {}}}, {"l -> t"});
    const auto wave = rig.run(96'000)[0];
    for (std::size_t i = 0; i < 8; ++i) {
        CHECK(wave[i * 12'000] == doctest::Approx(-1).epsilon(1e-4));  // an eighth at 120 lasts 12,000 frames
        CHECK(wave[i * 12'000 + 6'000] == doctest::Approx(0).scale(1).epsilon(1e-4));
        if (i > 0) CHECK(wave[i * 12'000 - 1] > 0.999f);
    }
    rig.set("transport", "tempo", 90);
    rig.run(9'600);
    rig.set("transport", "position", 8.125f);
    CHECK(rig.run(64)[0][0] == doctest::Approx(-0.5).epsilon(1e-3));  // a quarter of the round
    rig.fire("transport", "stop");
    rig.run(64);
    const auto still = rig.run(6'400)[0];
    CHECK(still.front() == still.back());
}

TEST_CASE("a random lfo in sync holds a new value each beat") {
    Rig rig({{"l", "lfo", {{"shape", "random"}, {"sync", "1 beat"}}}, {"t", "tap", {}}}, {"l -> t"});
    const auto wave = rig.run(96'000)[0];
    CHECK(std::set<float>(wave.begin(), wave.end()).size() == 4);
    CHECK(wave[0] == wave[23'999]);
    CHECK(wave[23'999] != wave[24'000]);
}

TEST_CASE("a sync that is no length says so") {
    for (const auto* text : {"1/0", "0", "-1", "fast", "1/-8", "1/1000000"}) {
        const auto lines = problems_of({{"l", "lfo", {{"sync", text}}}});
        REQUIRE(lines.size() == 1);
        CHECK(lines[0].starts_with("sync: "));
        CHECK(lines[0].ends_with("; it may also be off"));
    }
}

// The compressor's curve, its times, its side chain, and the stereo picture that it leaves alone.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>

#include "tests/harness.h"

using namespace legume::test;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

Rig rig_of(const Settings& settings, int channels = 1, double rate = 48'000) {
    return Rig(
        {{"a", "input", {{"channels", std::to_string(channels)}}}, {"c", "compressor", settings}, {"t", "tap", {}}},
        {"a -> c -> t"}, {.rate = rate, .inputs = channels});
}

float level(double db) { return static_cast<float>(std::pow(10, db / 20)); }

// Where a steady level comes out, in decibels.
double curve(double db, const Settings& settings) {
    auto rig = rig_of(settings);
    return decibels(static_cast<double>(rig.run(96'000, {Samples(96'000, level(db))})[0].back()));
}

auto about(double db) { return doctest::Approx(db).epsilon(0.002); }

}  // namespace

TEST_CASE("below the threshold nothing changes, above it the ratio holds, and the knee joins them") {
    const Settings hard{{"threshold", "-20 dB"}, {"ratio", "4"}, {"knee", "0 dB"}};
    CHECK(curve(-30, hard) == about(-30));
    CHECK(curve(-20, hard) == about(-20));
    CHECK(curve(-8, hard) == about(-17));
    CHECK(curve(0, hard) == about(-15));
    const Settings soft{{"threshold", "-20 dB"}, {"ratio", "4"}, {"knee", "12 dB"}, {"makeup", "6 dB"}};
    CHECK(curve(-27, soft) == about(-21));
    CHECK(curve(-20, soft) == about(-14 - 0.75 * 36 / 24));  // in the middle of the knee
    CHECK(curve(-8, soft) == about(-11));
}

TEST_CASE("attack and release go 63 % of their way in their time, at any rate") {
    for (const double rate : {44'100.0, 96'000.0}) {
        auto rig = rig_of(
            {{"threshold", "-20 dB"}, {"ratio", "50"}, {"knee", "0 dB"}, {"attack", "20 ms"}, {"release", "0.5 s"}}, 1,
            rate);
        const auto at = [&](double seconds) { return static_cast<std::size_t>(seconds * rate); };
        Samples sound(at(2), 1.0f);
        std::fill(sound.begin() + static_cast<std::ptrdiff_t>(at(1)), sound.end(), level(-40));
        const auto heard = rig.run(sound.size(), {sound})[0];
        const double all = 20 * 0.98;
        CHECK(decibels(static_cast<double>(heard[at(0.02)])) == doctest::Approx(-all * 0.632).epsilon(0.01));
        CHECK(decibels(static_cast<double>(heard[at(0.9)])) == doctest::Approx(-all).epsilon(0.001));
        // The attack smooths the release too, so it comes the attack's 20 ms later.
        CHECK(-40 - decibels(static_cast<double>(heard[at(1.52)])) == doctest::Approx(all * 0.368).epsilon(0.01));
    }
}

TEST_CASE("the louder channel turns both down alike") {
    auto rig = rig_of({{"threshold", "-20 dB"}}, 2);
    const auto heard = rig.run(48'000, {Samples(48'000, 1.0f), Samples(48'000, 0.01f)});
    CHECK(heard[0].back() < 0.3f);
    CHECK(heard[1].back() == doctest::Approx(0.01f * heard[0].back()).epsilon(1e-5));
}

TEST_CASE("a key presses the sound down in its place") {
    Rig rig({{"a", "input", {}}, {"n", "noise", {}}, {"c", "compressor", {{"threshold", "-40 dB"}}}, {"t", "tap", {}}},
            {"a -> c -> t", "n -> c.key"}, {.inputs = 1});
    CHECK(rig.run(48'000, {Samples(48'000, 0.001f)})[0].back() < 0.0002f);
}

TEST_CASE("turning every knob from end to end does not click") {
    for (const auto& [param, to] :
         {std::pair{"threshold", -60.0f}, {"ratio", 50.0f}, {"knee", 24.0f}, {"makeup", 12.0f}}) {
        const char* knob = param;
        CAPTURE(knob);
        auto rig = rig_of({{"threshold", "-10 dB"}});
        const auto tone = sine(100, 48'000, 24'000, 0.5f);
        rig.run(24'000, {tone});
        rig.set("c", param, to);
        CHECK(largest_step(rig.run(24'000, {tone})[0]) < 4.1 * largest_step(tone));
    }
}

// patches/recurrent-legumes.yaml, heard at places all over it; tests/bench/analyse hears the whole.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "host/session/open.h"
#include "tests/analyse.h"
#include "tests/child.h"
#include "tests/harness.h"

using namespace legume;

namespace {

const std::filesystem::path& piece() {
    static const auto file = test::source_folder() / "patches" / "recurrent-legumes.yaml";
    return file;
}

}  // namespace

TEST_CASE("the click meter hears cuts and jumps, and no strokes, noise or tones") {
    constexpr double rate = 48'000;
    // As a network plays: nothing above 8 kHz.
    auto tone = test::sine(220, rate, 96'000, 0.3f);
    for (std::size_t i = 0; i < tone.size(); ++i) tone[i] *= 1 - std::exp(-static_cast<float>(i) / 480);
    CHECK(test::clicks(tone, rate).empty());
    auto cut = tone;
    for (std::size_t i = 48'055; i < 48'600; ++i) cut[i] = 0;
    const auto found = test::clicks(cut, rate);
    REQUIRE(found.size() == 1);  // what follows within 20 ms is the same one
    CHECK(found[0] == doctest::Approx(1.001).epsilon(0.002));
    auto jump = tone;
    for (std::size_t i = 60'000; i < jump.size(); ++i) jump[i] += 0.01f;
    CHECK(test::clicks(jump, rate).size() == 1);
    auto faint = test::noise(96'000, 1, 0.3f);
    CHECK(test::clicks(faint, rate).empty());
    faint[50'000] = 8;
    CHECK(test::clicks(faint, rate).size() == 1);
}

TEST_CASE("the piece is twenty minutes long, and its cues fill them") {
    const auto checked = open_patch(piece());
    for (const auto& problem : checked.problems) FAIL_CHECK(to_string(problem));
    REQUIRE(checked.patch.length_seconds);
    CHECK(*checked.patch.length_seconds == 20 * 60);
    double last = 0, longest = 0;
    for (const auto& cue : checked.patch.cues) {
        longest = std::max(longest, cue.at - last);
        last = std::max(last, cue.at);
    }
    CHECK(longest < 45);  // somebody sits there and listens
    CHECK(last > 19 * 60);
    CHECK(last < 20 * 60);
}

// Where it cuts, turns, is loudest and is softest.
TEST_CASE("wherever it is heard, the piece is whole, clickless, and below -1 dB") {
    if (test::sanitized) return;  // a child's minute is too short for it there
    const int seconds = 4;
    for (const char* from : {"0:00", "2:10", "6:29", "8:48", "12:09", "15:08", "15:49", "19:43"}) {
        CAPTURE(from);
        const test::Folder folder;
        const auto file = folder / "heard.wav";
        test::said(
            0, {"render", piece().string(), "-o", file.string(), "--from", from, "--seconds", std::to_string(seconds)});
        const auto heard = test::analyse(read_sound(file));
        CHECK(heard.finite);
        CHECK(heard.seconds == doctest::Approx(seconds));
        CHECK(heard.clicks.empty());
        for (const double at : heard.clicks) MESSAGE("a click at ", at);
        CHECK(heard.true_peak < -1);
        CHECK(heard.lufs > (std::string(from) == "0:00" ? -70 : -40));
        CHECK(heard.lufs < -8);
        CHECK(std::abs(heard.offset) < 0.005);
    }
}

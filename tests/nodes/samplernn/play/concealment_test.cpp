// What is played when nothing fresh is there: on as it was going, then only what was heard, on all channels alike.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/play/concealment.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

using namespace legume::samplernn;

namespace {

constexpr std::size_t settled = 128;  // frames after a turn

// Two partials, 700 Hz and 1,330 Hz at 48 kHz.
float tone(std::size_t frame) {
    const auto turns = static_cast<double>(frame) / 48'000 * 6.283185307179586;
    return static_cast<float>(0.5 * std::sin(700 * turns) + 0.3 * std::sin(1'330 * turns + 1));
}

// What one channel plays: `heard` frames of sound, then so many of the cover's.
template <class Sound>
std::vector<float> covered(std::size_t memory, std::size_t heard, std::size_t frames, Sound sound) {
    Concealment cover;
    cover.prepare(memory, 1);
    std::vector<float> played;
    for (std::size_t i = 0; i < heard; ++i) {
        played.push_back(sound(i));
        cover.hear(&played.back());
    }
    cover.begin();
    for (std::size_t i = 0; i < frames; ++i) {
        played.push_back(*cover.next());
        cover.hear(&played.back());
    }
    return played;
}

// How sharply the wave bends at its sharpest. The tone itself bends by less than 0.015; where a walk simply turns back
// it was seen to bend by 0.08.
float sharpest(const std::vector<float>& x, std::size_t from, std::size_t to) {
    float most = 0;
    for (std::size_t i = from; i + 2 < to; ++i) most = std::max(most, std::abs(x[i] - 2 * x[i + 1] + x[i + 2]));
    return most;
}

}  // namespace

TEST_CASE("no tick where a cover begins, wherever the wave is then, nor where it turns") {
    for (std::size_t heard = 1'000; heard < 1'070; ++heard) {
        const auto played = covered(512, heard, 3'000, tone);
        CAPTURE(heard);
        REQUIRE(sharpest(played, 0, heard - 2) > 0.01f);
        REQUIRE(sharpest(played, heard - 2, played.size()) < 0.03f);
        for (const float x : played) REQUIRE(std::abs(x) < 1.2f);
    }
}

TEST_CASE("a cover walks back through what was heard, frame by frame, and turns where it knows no more") {
    const std::size_t heard = 2'000;
    const auto played = covered(1'024, heard, 3'000, tone);
    // What it plays takes the place of what it knew: it turns half way, and goes round in all of that.
    for (std::size_t i = settled; i < 512; ++i) REQUIRE(played[heard + i] == played[heard - 2 - i]);
    for (std::size_t i = 512 + settled; i < 3'000; ++i) REQUIRE(played[heard + i] == played[heard + i - 1'024]);
}

TEST_CASE("all channels of a cover go the same way") {
    Concealment cover;
    cover.prepare(64, 3);
    const auto hear = [&](float x) {
        const float frame[] = {x, -x, x / 4};
        cover.hear(frame);
    };
    for (std::size_t i = 0; i < 300; ++i) hear(tone(i));
    cover.begin();
    for (int i = 0; i < 1'000; ++i) {
        const float* frame = cover.next();
        REQUIRE(frame[1] == -frame[0]);
        REQUIRE(frame[2] == frame[0] / 4);
        hear(frame[0]);
    }
}

TEST_CASE("a cover that has heard nothing, or has been reset, is silent; one that has heard little stays near it") {
    Concealment cover;
    cover.prepare(64, 2);
    const auto silent = [&] {
        cover.begin();
        for (int i = 0; i < 1'000; ++i) {
            const float* next = cover.next();
            const float frame[] = {next[0], next[1]};
            REQUIRE(frame[0] == 0);
            REQUIRE(frame[1] == 0);
            cover.hear(frame);
        }
    };
    silent();
    const float loud[] = {0.5f, -0.5f};
    for (int i = 0; i < 500; ++i) cover.hear(loud);
    cover.reset();
    silent();
    for (std::size_t heard = 1; heard < 40; ++heard)
        for (const float x : covered(64, heard, 500, [](std::size_t) { return 0.5f; }))
            REQUIRE(x == doctest::Approx(0.5f));
}

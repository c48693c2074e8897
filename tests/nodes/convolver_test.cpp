// The convolver beside a convolution by hand, and the rooms that it takes or refuses.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <fstream>

#include "tests/harness.h"

using namespace legume::test;

namespace {

struct Room {
    Folder folder;
    Room(const Channels& impulse, double rate = 48'000) { write_wav(folder / "room.wav", impulse, rate); }
    Rig rig(const std::string& normalise = "false", int inputs = 1, double rate = 48'000) const {
        return Rig(
            {{"i", "input", {{"channels", std::to_string(inputs)}}},
             {"c", "convolver", {{"impulse", (folder / "room.wav").string()}, {"mix", "1"}, {"normalise", normalise}}},
             {"t", "tap", {}}},
            {"i -> c -> t"}, {.rate = rate, .inputs = inputs});
    }
};

Samples impulse_at(std::initializer_list<std::size_t> places, std::size_t frames) {
    Samples x(frames, 0.0f);
    for (const auto place : places) x[place] = 1;
    return x;
}

double worst_between(const Samples& x, const Samples& y) {
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) worst = std::max(worst, std::abs(double{x[i]} - double{y[i]}));
    return worst;
}

}  // namespace

TEST_CASE("each echo comes at its frame, the first one without delay") {
    const std::initializer_list<std::size_t> places{0, 1, 63, 64, 1'000, 2'047, 2'048, 3'071, 3'072, 40'000};
    const Room room({impulse_at(places, 40'001)});
    auto rig = room.rig();
    CHECK(rig.node("c").latency_frames() == 0);
    const auto heard = part(rig.run(48'000, {impulse_at({0}, 48'000)})[0], 0, 48'000);
    CHECK(worst_between(heard, impulse_at(places, 48'000)) < 1e-5);
}

TEST_CASE("it is the sum of all echoes of all that was heard, for rooms of any length") {
    for (const std::size_t length : {1u, 64u, 65u, 2'048u, 2'049u, 5'000u}) {
        CAPTURE(length);
        const auto impulse = noise(length, 1, 0.1f), sound = noise(9'600, 2);
        const Room room({impulse});
        Samples expected(9'600, 0.0f);
        for (std::size_t i = 0; i < expected.size(); ++i) {
            double sum = 0;
            for (std::size_t k = 0; k <= std::min(i, length - 1); ++k) sum += double{impulse[k]} * double{sound[i - k]};
            expected[i] = static_cast<float>(sum);
        }
        CHECK(worst_between(expected, room.rig().run(9'600, {sound})[0]) < 2e-5);
    }
}

TEST_CASE("a stereo room opens a mono sound, and each channel of a stereo sound has its own side") {
    const Room room({impulse_at({10}, 100), impulse_at({20}, 100)});
    const auto of_mono = room.rig().run(640, {impulse_at({0}, 640)});
    CHECK(of_mono[0][10] == doctest::Approx(1));
    CHECK(of_mono[1][20] == doctest::Approx(1));
    const auto of_stereo = room.rig("false", 2).run(640, {impulse_at({0}, 640), {}});
    CHECK(of_stereo[0][10] == doctest::Approx(1));
    CHECK(peak(of_stereo[1]) == 0);
    const Room mono({impulse_at({5}, 100)});
    const auto shared = mono.rig("false", 2).run(640, {impulse_at({0}, 640), impulse_at({1}, 640)});
    CHECK(shared[0][5] == doctest::Approx(1));
    CHECK(shared[1][6] == doctest::Approx(1));
}

TEST_CASE("a room of another sample rate keeps its time and its tone") {
    Samples impulse(44'100, 0.0f);  // a second of it, with a tone's echo at its end
    const auto tone = sine(1'000, 44'100, 4'410, 0.1f);
    std::copy(tone.begin(), tone.end(), impulse.begin() + 22'050);
    const Room room({impulse}, 44'100);
    for (const double rate : {48'000.0, 96'000.0}) {
        const auto half = static_cast<std::size_t>(rate / 2);
        const auto heard = room.rig("false", 1, rate).run(2 * half, {impulse_at({0}, 2 * half)})[0];
        CHECK(peak(part(heard, 0, half - 200)) < 1e-3);
        CHECK(loudest_hertz(part(heard, half + 100, half / 10), rate) == doctest::Approx(1'000).epsilon(0.02));
        // Against its own tone it is as loud at any rate.
        const auto sung = room.rig("false", 1, rate).run(2 * half, {sine(1'000, rate, 2 * half, 0.01f)})[0];
        CHECK(rms(part(sung, 2 * half - half / 4, half / 4)) == doctest::Approx(0.01 * 220.5 * 0.7071).epsilon(0.02));
    }
}

TEST_CASE("normalised, any file is as loud a room") {
    const auto sound = noise(96'000, 3, 0.5f);
    for (const float level : {0.01f, 1.0f}) {
        const Room room({noise(9'600, 1, level)});
        const auto heard = room.rig("true").run(96'000, {sound})[0];
        CHECK(decibels(rms(part(heard, 48'000, 48'000)) / rms(sound)) == doctest::Approx(0).epsilon(1.0));
    }
}

TEST_CASE("mix goes from the sound alone to the room alone without a click") {
    const Room room({noise(4'800, 1, 0.02f)});
    auto rig = room.rig();
    const auto tone = sine(200, 48'000, 4'800, 0.5f);
    rig.set("c", "mix", 0);
    rig.run(4'800, {tone});
    CHECK(worst_between(rig.run(4'800, {tone})[0], tone) < 1e-6);
    rig.set("c", "mix", 1);
    CHECK(largest_step(rig.run(4'800, {tone})[0]) < 0.1);
}

TEST_CASE("a room that cannot be played is a mistake of the patch") {
    const Folder folder;
    const auto problem = [&](const std::string& file) {
        return problems_of({{"c", "convolver", {{"impulse", (folder / file).string()}}}}).at(0);
    };
    CHECK(problem("none.wav").find("none.wav does not exist") != std::string::npos);
    std::ofstream(folder / "text.wav") << "no sound";
    CHECK(problem("text.wav").find("text.wav ") != std::string::npos);
    write_wav(folder / "long.wav", {Samples(61'000, 0.1f)}, 1'000);
    CHECK(problem("long.wav").find("is longer than a minute; cut it") != std::string::npos);
}

// The player's pitch, its seams, and the files that it refuses.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <tuple>

#include "tests/harness.h"

using namespace legume::test;

namespace {

struct Tape {
    Folder folder;
    std::unique_ptr<Rig> rig;
    Tape(const Channels& sound, double file_rate, std::vector<std::pair<std::string, std::string>> settings,
         Rig::Setup setup = {}) {
        write_wav(folder / "tape.wav", sound, file_rate);
        settings.emplace_back("file", (folder / "tape.wav").string());
        rig = std::make_unique<Rig>(std::vector<NodeText>{{"p", "player", settings}, {"t", "tap", {}}},
                                    std::vector<std::string>{"p -> t"}, setup);
    }
};

std::string fault(const std::filesystem::path& file) {
    const auto lines = problems_of({{"p", "player", {{"file", file.string()}}}});
    REQUIRE(lines.size() == 1);
    return lines[0];
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("at its own speed and rate a sound is played to the bit") {
    const auto left = noise(9'600, 1), right = noise(9'600, 2);
    Tape tape({left, right}, 48'000, {});
    const auto heard = tape.rig->run(9'600);
    CHECK(part(heard[0], 128, 9'000) == part(left, 128, 9'000));
    CHECK(part(heard[1], 128, 9'000) == part(right, 128, 9'000));
}

TEST_CASE("speed and the file's rate decide the pitch together") {
    for (const auto& [file_rate, graph_rate, speed] : {std::tuple{48'000.0, 48'000.0, 1.5},
                                                       {44'100.0, 48'000.0, 1.0},
                                                       {16'000.0, 48'000.0, 1.0},
                                                       {96'000.0, 44'100.0, 1.0},
                                                       {48'000.0, 48'000.0, -0.5},
                                                       {22'050.0, 48'000.0, 2.0}}) {
        Tape tape({sine(440, file_rate, 400'000, 0.5f)}, file_rate, {{"speed", std::to_string(speed)}},
                  {.rate = graph_rate});
        const auto heard = part(tape.rig->run(80'000)[0], 4'000, 65'536);
        const double hertz = 440 * std::abs(speed);
        CHECK(loudest_hertz(heard, graph_rate) == doctest::Approx(hertz).epsilon(0.0005));
        CHECK(amplitude_at(heard, graph_rate, hertz) == doctest::Approx(0.5).epsilon(0.001));
        // Nothing but the tone: no images, no clicks.
        const auto bins = spectrum(heard);
        double rest = 0;
        for (std::size_t k = 1; k < bins.size(); ++k) {
            const double at = static_cast<double>(k) * 0.5 * graph_rate / static_cast<double>(bins.size() - 1);
            if (std::abs(at - hertz) > 100) rest = std::max(rest, bins[k]);
        }
        CHECK(decibels(rest / 0.5) < -75);
    }
}

TEST_CASE("what is too high after speeding up is taken away and does not fold over") {
    Tape tape({sine(16'000, 48'000, 200'000, 0.5f)}, 48'000, {{"speed", "2"}});
    CHECK(decibels(rms(part(tape.rig->run(48'000)[0], 4'800, 40'000)) / 0.35) < -40);
}

TEST_CASE("a loop keeps its length and does not click at its seam") {
    // Not whole periods: joined bluntly, the end and the start are far apart.
    const auto tone = sine(441.3, 48'000, 24'000, 0.5f);
    REQUIRE(std::abs(tone.back()) > 0.2);
    for (const auto* speed : {"1", "0.7", "-1", "4"}) {
        Tape tape({tone}, 48'000, {{"speed", speed}});
        const auto heard = tape.rig->run(192'000)[0];
        CHECK(largest_step(heard) < 1.2 * std::max(1.0, std::abs(std::stod(speed))) * largest_step(tone));
    }
    Tape tape({noise(24'000)}, 48'000, {});
    const auto heard = tape.rig->run(96'000)[0];
    CHECK(part(heard, 25'000, 20'000) == part(heard, 49'000, 20'000));
}

TEST_CASE("a loop shorter than 20 ms is a wave") {
    Tape tape({sine(480, 48'000, 100)}, 48'000, {});
    const auto heard = part(tape.rig->run(80'000)[0], 4'800, 65'536);
    CHECK(amplitude_at(heard, 48'000, 480) == doctest::Approx(1).epsilon(0.001));
    CHECK(amplitude_at(heard, 48'000, 960) < 1e-3);
}

TEST_CASE("start and stop do not click, and stop is silent soon") {
    const Samples constant(96'000, 0.5f);  // the worst there is: every jump is heard
    Tape tape({constant}, 48'000, {{"autostart", "false"}});
    CHECK(peak(tape.rig->run(4'800)[0]) == 0);
    tape.rig->fire("p", "start");
    const auto rise = tape.rig->run(4'800)[0];
    CHECK(largest_step(rise) < 0.006);
    CHECK(rise.back() == doctest::Approx(0.5));
    tape.rig->fire("p", "stop");
    const auto fall = tape.rig->run(4'800)[0];
    CHECK(largest_step(fall) < 0.006);
    CHECK(peak(part(fall, 480, 4'000)) == 0);
}

TEST_CASE("starting again and again does not click") {
    Tape tape({Samples(96'000, 0.5f)}, 48'000, {});
    Samples heard;
    for (int i = 0; i < 40; ++i) {
        tape.rig->fire("p", "start");
        const auto next = tape.rig->run(64)[0];
        heard.insert(heard.end(), next.begin(), next.end());
    }
    CHECK(largest_step(heard) < 0.02);
}

TEST_CASE("without loop a sound plays once, to its end, and ends without a click") {
    const Samples constant(9'600, 0.5f);
    Tape tape({constant}, 48'000, {{"loop", "false"}});
    const auto heard = tape.rig->run(19'200)[0];
    CHECK(heard[9'599] == doctest::Approx(0.5));
    CHECK(largest_step(heard) < 0.006);
    CHECK(peak(part(heard, 10'200, 9'000)) == 0);
    tape.rig->fire("p", "start");
    CHECK(rms(tape.rig->run(4'800)[0]) > 0.4);
}

TEST_CASE("players of one file share its sound") {
    Folder folder;
    write_wav(folder / "a.wav", {noise(480'000)}, 48'000);
    const auto file = (folder / "a.wav").string();
    Rig rig({{"p", "player", {{"file", file}}}, {"q", "player", {{"file", file}, {"loop", "false"}}}, {"t", "tap", {}}},
            {"p -> t", "q -> t"});
    const auto both = part(rig.run(4'800)[0], 200, 4'000), one = part(noise(480'000), 200, 4'000);
    for (std::size_t i = 0; i < both.size(); ++i) REQUIRE(both[i] == 2 * one[i]);
}

TEST_CASE("files that cannot be played are refused plainly") {
    Folder folder;
    CHECK(has(fault(folder / "none.wav"), "does not exist"));
    CHECK(has(fault(folder.path), "is a folder"));
    std::ofstream(folder / "empty.wav").close();
    CHECK(has(fault(folder / "empty.wav"), "is empty"));
    std::ofstream(folder / "text.wav") << "This is no sound, though it is long enough to look like one.";
    CHECK(has(fault(folder / "text.wav"), "not a sound that can be decoded"));
    write_wav(folder / "slow.wav", {noise(100)}, 500);
    CHECK(has(fault(folder / "slow.wav"), "500 frames a second"));
    write_wav(folder / "none_in_it.wav", {Samples{}}, 48'000);
    CHECK(has(fault(folder / "none_in_it.wav"), "holds no sound"));
    write_wav(folder / "nan.wav", {Samples{0.0f, std::numeric_limits<float>::quiet_NaN()}}, 48'000);
    CHECK(has(fault(folder / "nan.wav"), "not a number, at frame 1"));
}

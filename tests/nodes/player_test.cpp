// The player's pitch, its seams, the disk that it reads ahead from, and the files that it refuses.
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

TEST_CASE("from the disk it plays the same as from memory, however slow the disk is") {
    const auto sound = noise(480'000);
    for (const auto* speed : {"1", "-1.3", "2.5"}) {
        const std::vector<std::pair<std::string, std::string>> settings{
            {"speed", speed}, {"loop_start", "2 s"}, {"loop_end", "8.5 s"}, {"crossfade", "100 ms"}};
        auto from_disk = settings;
        from_disk.emplace_back("stream", "disk");
        Tape memory({sound, noise(480'000, 2)}, 48'000, settings), disk({sound, noise(480'000, 2)}, 48'000, from_disk);
        disk.rig->lag = 300;  // 0.4 s from one turn to the next
        CHECK(disk.rig->run(960'000) == memory.rig->run(960'000));
        CHECK(disk.rig->meter("p", "late").value() == 0);
    }
}

TEST_CASE("what the disk did not bring in time is missing again in a replay, to the byte") {
    Tape live({noise(960'000)}, 48'000, {{"stream", "disk"}}), replay({noise(960'000)}, 48'000, {{"stream", "disk"}});
    TimingDecisions decisions;
    const auto play = [&](Tape& tape, int lag) {
        tape.rig->lag = lag;
        Samples all;
        for (const float offset : {0.0f, 11.0f, 3.0f, 17.0f, 8.0f}) {
            tape.rig->set("p", "offset", offset);
            tape.rig->fire("p", "start");
            for (int half = 0; half < 2; ++half) {
                const auto heard = tape.rig->run(50'000)[0];
                all.insert(all.end(), heard.begin(), heard.end());
                if (lag > 1) collect(tape.rig->schedule(), decisions);
            }
        }
        return all;
    };
    const auto heard = play(live, 1'000);
    CHECK(live.rig->meter("p", "late").value() > 0);
    replay_decisions(replay.rig->schedule(), decisions);
    CHECK(play(replay, 1) == heard);
}

TEST_CASE("what the disk did not bring in time is faded over, counted and said, and then it plays on in its place") {
    const Samples constant(960'000, 0.5f);
    Tape tape({constant}, 48'000, {{"stream", "disk"}});
    tape.rig->run(4'800);
    tape.rig->lag = 1 << 20;
    auto heard = tape.rig->run(192'000)[0];
    CHECK(peak(part(heard, 170'000, 20'000)) == 0);
    tape.rig->lag = 1;
    const auto after = tape.rig->run(48'000)[0];
    heard.insert(heard.end(), after.begin(), after.end());
    CHECK(heard.back() == 0.5f);
    CHECK(largest_step(heard) < 0.006);
    CHECK(tape.rig->meter("p", "late").value() == 1);
    REQUIRE(tape.rig->told.size() == 1);
    CHECK(has(tape.rig->told[0], "came too late from the disk"));
    CHECK(tape.rig->meter("p", "position").value() == doctest::Approx(5.1).epsilon(0.001));
}

TEST_CASE("a file that is cut off while it plays is said, fades out, and plays again when it is back") {
    const Samples constant(960'000, 0.5f);
    Tape tape({constant}, 48'000, {{"stream", "disk"}, {"loop", "false"}});
    auto heard = tape.rig->run(9'600)[0];
    std::filesystem::resize_file(tape.folder / "tape.wav", 400'000);
    const auto rest = tape.rig->run(240'000)[0];
    heard.insert(heard.end(), rest.begin(), rest.end());
    CHECK(heard.back() == 0);
    CHECK(largest_step(heard) < 0.006);
    REQUIRE(tape.rig->told.size() == 1);
    CHECK(has(tape.rig->told[0], "is cut short"));
    CHECK(has(tape.rig->told[0], "start tries again"));
    std::filesystem::remove(tape.folder / "tape.wav");
    tape.rig->fire("p", "start");
    tape.rig->run(240'000);
    write_wav(tape.folder / "tape.wav", {constant}, 48'000);
    tape.rig->fire("p", "start");
    CHECK(tape.rig->run(480'000)[0].back() == 0.5f);
}

TEST_CASE("a file that is deleted while it plays is said, and plays on to its end") {
    Tape tape({Samples(960'000, 0.5f)}, 48'000, {{"stream", "disk"}});
    tape.rig->run(9'600);
    std::filesystem::remove(tape.folder / "tape.wav");
    CHECK(tape.rig->run(2'000'000)[0].back() == 0.5f);
    REQUIRE(tape.rig->told.size() == 1);
    CHECK(has(tape.rig->told[0], "has vanished"));
}

TEST_CASE("two hours play from the disk in the memory of a few seconds") {
    Folder folder;
    const auto file = folder / "long.wav";
    write_wav(file, {noise(100), noise(100)}, 48'000);
    // Two hours of silence that no disk has to hold, and a step at 1:59:00.
    constexpr std::uint32_t frames = 7'200 * 48'000u, bytes = frames * 8;
    std::filesystem::resize_file(file, std::filesystem::file_size(file) + (std::uint64_t{bytes} - 800));
    std::fstream edit(file, std::ios::in | std::ios::out | std::ios::binary);
    std::string head(200, '\0');
    edit.read(head.data(), 200);
    const auto put = [&](std::size_t at, const void* what, std::size_t count) {
        edit.seekp(static_cast<std::streamoff>(at));
        edit.write(static_cast<const char*>(what), static_cast<std::streamsize>(count));
    };
    const std::size_t data = head.find("data"), fact = head.find("fact");
    const std::uint32_t riff = bytes + static_cast<std::uint32_t>(data);
    put(4, &riff, 4);
    put(data + 4, &bytes, 4);
    if (fact != std::string::npos) put(fact + 8, &frames, 4);
    const Samples sign(48'000, 0.5f);
    put(data + 8 + 7'140ull * 48'000 * 8, sign.data(), sign.size() * 4);
    edit.close();

    const auto resident = [] {  // pages
        std::ifstream statm("/proc/self/statm");
        long total = 0, held = 0;
        statm >> total >> held;
        return held;
    };
    const auto before = resident();
    Rig rig({{"p", "player", {{"file", file.string()}, {"offset", "7139 s"}}}, {"t", "tap", {}}}, {"p -> t"});
    const auto heard = rig.run(96'000);
    CHECK((resident() - before) * 4'096 < (64 << 20));
    CHECK(peak(part(heard[0], 10'000, 30'000)) == 0);
    CHECK(heard[0][60'000] == doctest::Approx(0.5));
    CHECK(heard[1][60'000] == doctest::Approx(0.5));
    CHECK(peak(part(heard[0], 73'000, 20'000)) == 0);
}

TEST_CASE("a loop within the file plays its opening once and then goes round to the frame, without a click") {
    const auto sound = noise(96'000);
    Tape tape({sound}, 48'000, {{"loop_start", "0.5 s"}, {"loop_end", "1.5 s"}});
    const auto heard = tape.rig->run(192'000)[0];
    CHECK(part(heard, 128, 71'000) == part(sound, 128, 71'000));
    CHECK(part(heard, 73'000, 40'000) == part(sound, 25'000, 40'000));
    CHECK(part(heard, 73'000, 40'000) == part(heard, 121'000, 40'000));
    const auto tone = sine(441.3, 48'000, 96'000, 0.5f);
    for (const auto* speed : {"1", "-1", "0.3"}) {
        Tape slow({tone}, 48'000, {{"loop_start", "0.5 s"}, {"loop_end", "0.9013 s"}, {"speed", speed}});
        CHECK(largest_step(slow.rig->run(240'000)[0]) < 1.2 * largest_step(tone));
    }
}

TEST_CASE("moving the loop's points, speed and fades from end to end while it plays does not click") {
    Tape tape({sine(441.3, 48'000, 96'000, 0.5f)}, 48'000, {});
    Samples heard;
    std::uint64_t draw = 0;
    for (const auto* param : {"loop_start", "loop_end", "crossfade", "fade_in", "fade_out", "offset"})
        for (const float value : {0.0f, 36'000.0f, 0.3f, 1.1f, 0.9f}) {
            tape.rig->set("p", param, value);
            if (++draw % 3 == 0) tape.rig->fire("p", "start");
            const auto next = tape.rig->run(9'600)[0];
            heard.insert(heard.end(), next.begin(), next.end());
        }
    CHECK(largest_step(heard) < 0.06);
}

TEST_CASE("it starts where the offset says, rises and dies away in the times that it is told") {
    Samples steps(96'000, 0.25f);
    std::fill(steps.begin() + 48'000, steps.end(), 0.5f);
    Tape tape({steps}, 48'000, {{"offset", "1.2 s"}, {"fade_in", "100 ms"}, {"fade_out", "200 ms"}, {"loop", "false"}});
    const auto rise = tape.rig->run(9'600)[0];
    CHECK(rise[2'400] == doctest::Approx(0.25).epsilon(0.01));
    CHECK(rise[4'900] == doctest::Approx(0.5));
    tape.rig->fire("p", "stop");
    const auto fall = tape.rig->run(14'400)[0];
    CHECK(fall[4'800] == doctest::Approx(0.25).epsilon(0.02));
    CHECK(peak(part(fall, 9'700, 4'000)) == 0);
}

TEST_CASE("in sync a start waits for the next line of the transport") {
    Tape tape({Samples(480'000, 0.5f)}, 48'000, {{"sync", "2"}, {"autostart", "false"}});
    tape.rig->run(9'600);
    tape.rig->fire("p", "start");
    const auto heard = tape.rig->run(96'000)[0];  // two beats at 120 are a second
    CHECK(peak(part(heard, 0, 48'000 - 9'600)) == 0);
    CHECK(heard[48'000 - 9'600 + 100] == doctest::Approx(0.5));
}

TEST_CASE("loops and offsets that the file does not have are refused plainly") {
    Folder folder;
    write_wav(folder / "a.wav", {noise(48'000)}, 48'000);
    const auto problem = [&](const std::string& name, const std::string& value, const std::string& other = "0 s") {
        const auto lines = problems_of({{"p",
                                         "player",
                                         {{"file", (folder / "a.wav").string()},
                                          {name, value},
                                          {name == "loop_end" ? "loop_start" : "loop_end", other}}}});
        return lines.size() == 1 ? lines[0] : std::to_string(lines.size()) + " problems";
    };
    CHECK(has(problem("loop_start", "3 s"), "loop_start is at 3 s, but"));
    CHECK(has(problem("loop_start", "3 s"), "is only 1 s long"));
    CHECK(has(problem("offset", "1.5 s"), "offset is at 1.5 s"));
    CHECK(has(problem("loop_end", "0.25 s", "0.5 s"), "loop_end comes before loop_start"));
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

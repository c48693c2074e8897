// Keys and what they play: kits, zones, choking, stealing, and folders that hold no sound.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "tests/harness.h"

using namespace legume;
using namespace legume::test;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

struct Keys {
    std::unique_ptr<Rig> rig;
    explicit Keys(const std::filesystem::path& sounds, Settings settings = {}, Rig::Setup setup = {}) {
        settings.emplace_back("sounds", sounds.string());
        rig = std::make_unique<Rig>(std::vector<NodeText>{{"s", "sampler", settings}, {"t", "tap", {}}},
                                    std::vector<std::string>{"s -> t"}, setup);
    }
    void on(int key, float velocity = 1) { rig->play("s", "notes", {0, NoteEvent::Kind::on, key, velocity}); }
    void off(int key) { rig->play("s", "notes", {0, NoteEvent::Kind::off, key, 0}); }
    Samples run(std::size_t frames) { return rig->run(frames)[0]; }
};

std::string fault(const Settings& settings) {
    const auto lines = problems_of({{"s", "sampler", settings}});
    return lines.size() == 1 ? lines[0] : std::to_string(lines.size()) + " problems";
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a folder is a kit: its sounds by name, a key each from the base on, to the bit") {
    Folder folder;
    const auto kick = noise(9'600, 1, 0.5f), snare = noise(9'600, 2, 0.5f);
    write_wav(folder / "02 snare.wav", {snare}, 48'000);
    write_wav(folder / "01 kick.wav", {kick}, 48'000);
    std::ofstream(folder / "notes.txt") << "no sound";
    Keys keys(folder.path, {{"base", "40"}});
    keys.on(41);
    CHECK(part(keys.run(9'600), 64, 9'000) == part(snare, 64, 9'000));
    keys.on(40);
    CHECK(part(keys.run(9'600), 64, 9'000) == part(kick, 64, 9'000));
    keys.on(42);
    CHECK(peak(keys.run(4'800)) == 0);
}

TEST_CASE("a folder of Opus and AIFF is a kit as one of WAV is, however their names are spelt") {
    Folder folder;
    for (const auto& [from, to] : {std::pair{"tone.aif", "a.aif"}, {"tone.aif", "b.AIF"}, {"tone.opus", "c.opus"}})
        std::filesystem::copy(source_folder() / "tests/nodes/sounds" / from, folder / to);
    Keys keys(folder.path, {{"mapping", "kit"}, {"base", "40"}});
    for (const int key : {40, 41, 42}) {
        CAPTURE(key);
        keys.on(key);
        CHECK(peak(part(keys.run(9'600), 2'400, 7'200)) == doctest::Approx(0.5).epsilon(0.05));
        keys.run(48'000);
    }
}

TEST_CASE("sounds with notes in their names spread over the keys, each key at its pitch") {
    Folder folder;
    write_wav(folder / "piano_C3.wav", {sine(130.8128, 48'000, 200'000, 0.5f)}, 48'000);
    write_wav(folder / "piano_A#4.wav", {sine(466.1638, 44'100, 200'000, 0.5f)}, 44'100);
    Keys keys(folder.path);
    for (const int key : {48, 50, 60, 69, 72}) {
        keys.on(key);
        const auto heard = part(keys.run(72'000), 2'000, 65'536);
        CHECK(loudest_hertz(heard, 48'000) == doctest::Approx(440 * std::exp2((key - 69) / 12.0)).epsilon(0.001));
        keys.off(key);
        keys.run(48'000);
    }
}

TEST_CASE("a key that is let go dies away in the release, and a kit plays on to its end") {
    Folder folder;
    write_wav(folder / "organ_C4.wav", {Samples(96'000, 0.5f)}, 48'000);
    for (const bool kit : {false, true}) {
        Keys keys(folder.path, {{"mapping", kit ? "kit" : "pitched"}, {"base", "60"}, {"release", "100 ms"}});
        keys.on(60);
        CHECK(keys.run(4'800).back() == doctest::Approx(0.5));
        keys.off(60);
        const auto after = keys.run(9'600);
        CHECK(largest_step(after) < 0.001);
        CHECK(after[2'400] == doctest::Approx(kit ? 0.5 : 0.25).epsilon(0.01));
        CHECK(after.back() == doctest::Approx(kit ? 0.5 : 0.0));
    }
}

TEST_CASE("keys of a group silence each other within 5 ms and without a click") {
    Folder folder;
    for (const auto* name : {"a", "b", "c"})
        write_wav(folder / (std::string(name) + ".wav"), {Samples(96'000, 0.3f)}, 48'000);
    Keys keys(folder.path, {{"choke", "36 37"}, {"attack", "5 ms"}});
    keys.on(36);
    keys.on(38);
    CHECK(keys.run(4'800).back() == doctest::Approx(0.6));
    keys.on(37);
    const auto heard = keys.run(4'800);
    CHECK(heard.back() == doctest::Approx(0.6));
    CHECK(largest_step(heard) < 0.003);
}

TEST_CASE("more keys than voices steal the oldest without a click") {
    Folder folder;
    write_wav(folder / "organ_C4.wav", {Samples(480'000, 0.1f)}, 48'000);
    Keys keys(folder.path, {{"voices", "4"}, {"attack", "5 ms"}});
    Samples heard;
    for (int k = 0; k < 24; ++k) {
        keys.on(50 + k);
        const auto next = keys.run(640);
        heard.insert(heard.end(), next.begin(), next.end());
    }
    CHECK(largest_step(heard) < 0.002);
    CHECK(heard.back() == doctest::Approx(0.4));
    CHECK(keys.rig->meter("s", "playing").value() == 4);
}

TEST_CASE("a stroke's strength squared is how loud it is, as far as touch says") {
    Folder folder;
    write_wav(folder / "a.wav", {Samples(96'000, 0.8f)}, 48'000);
    for (const auto& [touch, level] : {std::pair{"1", 0.2}, {"0", 0.8}, {"0.5", 0.5}}) {
        Keys keys(folder.path, {{"touch", touch}});
        keys.on(36, 0.5f);
        CHECK(keys.run(4'800).back() == doctest::Approx(level));
    }
}

TEST_CASE("gates play keys too, and a sound that is cut in full voice ends without a click") {
    Folder folder;
    write_wav(folder / "a.wav", {Samples(9'600, 0.5f), Samples(9'600, 0.25f)}, 48'000);
    Rig rig({{"c", "clock", {{"rate", "1 Hz"}}},
             {"s", "sampler", {{"sounds", folder.path.string()}, {"base", "60"}}},
             {"t", "tap", {}}},
            {"c -> s.gate", "s -> t"});
    const auto heard = rig.run(96'000);
    for (const std::size_t beat : {std::size_t{0}, std::size_t{48'000}}) {
        CHECK(heard[0][beat + 4'800] == doctest::Approx(0.5));
        CHECK(heard[1][beat + 4'800] == doctest::Approx(0.25));
        CHECK(heard[0][beat + 9'700] == 0);
    }
    CHECK(largest_step(part(heard[0], 4'800, 40'000)) < 0.003);
}

TEST_CASE("folders without sound and keys that are none are refused plainly") {
    Folder folder;
    CHECK(has(fault({{"sounds", folder.path.string()}}), "has no sound in it"));
    CHECK(has(fault({{"sounds", (folder / "none").string()}}), "does not exist"));
    write_wav(folder / "a.wav", {noise(100)}, 48'000);
    CHECK(has(fault({{"sounds", folder.path.string()}, {"choke", "36 x7"}}), "\"x7\" is no key"));
    CHECK(has(fault({{"sounds", folder.path.string()}, {"choke", "36 400"}}), "\"400\" is no key"));
    std::ofstream(folder / "b.wav") << "This is no sound, though it is long enough to look like one.";
    CHECK(has(fault({{"sounds", folder.path.string()}}), "b.wav is not a sound"));
}

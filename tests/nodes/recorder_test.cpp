// What the recorder writes, and what it does when it cannot.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <iterator>

#include "nodes/sound/sound_file.h"
#include "tests/harness.h"

using namespace legume;
using namespace legume::test;

namespace {

struct Studio {
    Folder folder;
    std::unique_ptr<Rig> rig;
    explicit Studio(const std::string& name = "take.wav", const std::string& autostart = "true", double rate = 48'000) {
        rig = std::make_unique<Rig>(
            std::vector<NodeText>{{"a", "input", {{"channels", "2"}}},
                                  {"r", "recorder", {{"file", (folder / name).string()}, {"autostart", autostart}}},
                                  {"t", "tap", {}}},
            std::vector<std::string>{"a -> r", "a -> t"}, Rig::Setup{.rate = rate, .inputs = 2});
    }
    Samples take(const std::string& name, std::size_t channel = 0) const {
        const auto sound = read_sound(folder / name);
        CHECK(sound.channels == 2);
        Samples x;
        for (std::size_t i = channel; i < sound.samples.size(); i += 2) x.push_back(sound.samples[i]);
        return x;
    }
    std::size_t files() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder.path), {}));
    }
};

}  // namespace

TEST_CASE("a recording holds what went in, to the bit") {
    Studio studio;
    const auto left = noise(96'000, 1), right = noise(96'000, 2);
    studio.rig->run(96'000, {left, right});
    CHECK(!std::filesystem::exists(studio.folder / "take.wav"));  // nobody sees half a take
    studio.rig.reset();
    CHECK(studio.take("take.wav", 0) == left);
    CHECK(studio.take("take.wav", 1) == right);
    CHECK(read_sound_header(studio.folder / "take.wav").rate == 48'000);
    CHECK(studio.files() == 1);
}

TEST_CASE("what is recorded so far can be read while it goes on") {
    Studio studio;
    const auto left = noise(96'000, 1);
    studio.rig->run(96'000, {left, left});
    CHECK(studio.take("take.part.wav").size() >= 48'000);
}

TEST_CASE("a FLAC take differs from what went in by less than 24 bits do") {
    Studio studio("take.flac");
    const auto left = noise(48'000, 1, 0.5f);
    studio.rig->run(48'000, {left, left});
    studio.rig.reset();
    const auto take = studio.take("take.flac");
    REQUIRE(take.size() == left.size());
    for (std::size_t i = 0; i < take.size(); ++i) REQUIRE(std::abs(take[i] - left[i]) < 2e-7);
}

TEST_CASE("start and stop cut takes to the frame, and no take replaces another") {
    Studio studio("take.wav", "false");
    const auto sound = noise(64 * 50);
    const Channels both{sound, sound};
    const auto piece = [&](std::size_t blocks) {
        return Channels{part(sound, 0, 64 * blocks), part(sound, 0, 64 * blocks)};
    };
    studio.rig->run(640, both);
    studio.rig->fire("r", "start");
    studio.rig->run(64 * 10, piece(10));
    studio.rig->fire("r", "stop");
    studio.rig->run(64 * 5, piece(5));
    studio.rig->fire("r", "start");
    studio.rig->run(64 * 20, piece(20));
    studio.rig->fire("r", "start");  // a new take without a stop
    studio.rig->run(64 * 30, piece(30));
    studio.rig.reset();
    CHECK(studio.take("take.wav") == part(sound, 0, 64 * 10));
    CHECK(studio.take("take-2.wav") == part(sound, 0, 64 * 20));
    CHECK(studio.take("take-3.wav") == part(sound, 0, 64 * 30));
    CHECK(studio.files() == 3);
}

TEST_CASE("a gate wired to start and stop cuts inside a block") {
    Folder folder;
    {
        Rig rig({{"a", "input", {{"channels", "1"}}},
                 {"gate", "gain", {}},
                 {"r", "recorder", {{"file", (folder / "take.wav").string()}, {"autostart", "false"}}}},
                {"a -> gate -> r.in", "a -> r.start"}, {.inputs = 1});
        Samples sound(640, 0.1f);
        for (std::size_t i = 100; i < sound.size(); ++i) sound[i] = 1;
        rig.run(640, {sound});
    }
    CHECK(read_sound(folder / "take.wav").samples == Samples(540, 1.0f));
}

TEST_CASE("a place where nothing can be written is refused before it plays") {
    Folder folder;
    const auto fault = [](const std::filesystem::path& file) {
        const auto lines = problems_of({{"r", "recorder", {{"file", file.string()}}}});
        return lines.empty() ? std::string() : lines[0];
    };
    CHECK(fault(folder / "nowhere/take.wav").find("there is no folder") != std::string::npos);
    CHECK(fault(folder / "take.mp3").find("must end in .wav or .flac") != std::string::npos);
    CHECK(fault("/proc/take.wav").find("cannot be written") != std::string::npos);
    CHECK(fault(folder / "take.wav").empty());
}

#if !defined(LEGUME_SANITIZED)  // a sanitizer's own files would meet the limit
TEST_CASE("when the disk is full the recorder says so once, keeps what it has, and playing goes on") {
    Studio studio;
    const auto sound = noise(96'000);
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit tight = before;
    tight.rlim_cur = 200'000;
    REQUIRE(setrlimit(RLIMIT_FSIZE, &tight) == 0);
    const auto heard = studio.rig->run(96'000, {sound, sound})[0];
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    CHECK(heard == sound);
    REQUIRE(studio.rig->told.size() == 1);
    CHECK(studio.rig->told[0].find("disk full") != std::string::npos);
    const auto take = studio.take("take.wav");
    CHECK(take.size() > 20'000);
    CHECK(take == part(sound, 0, take.size()));
}
#endif

namespace {

// A recorder of a sound, and beside it of the same sound upside down.
struct Band {
    Folder folder;
    std::unique_ptr<Rig> rig;
    Channels sound{noise(48'000, 1), noise(48'000, 2)};
    using Settings = std::vector<std::pair<std::string, std::string>>;
    explicit Band(Settings settings) {
        settings.emplace_back("file", (folder / "take.wav").string());
        rig =
            std::make_unique<Rig>(std::vector<NodeText>{{"a", "input", {{"channels", "2"}}},
                                                        {"m", "math", {{"expression", "0 - a"}}},
                                                        {"r", "recorder", settings}},
                                  std::vector<std::string>{"a -> r", "a -> m", "m -> r.in_3"}, Rig::Setup{.inputs = 2});
    }
    // One channel of a file.
    Samples of(const std::string& name, std::size_t channel) const {
        const auto file = read_sound(folder / name);
        Samples x;
        for (std::size_t i = channel; i < file.samples.size(); i += static_cast<std::size_t>(file.channels))
            x.push_back(file.samples[i]);
        return x;
    }
};
Samples negative(Samples x) {
    for (float& s : x) s = 0 - s;
    return x;
}

}  // namespace

TEST_CASE("several sounds go side by side into one file") {
    Band band(Band::Settings{});
    band.rig->run(48'000, band.sound);
    band.rig.reset();
    CHECK(read_sound_header(band.folder / "take.wav").channels == 4);
    CHECK(band.of("take.wav", 1) == band.sound[1]);
    CHECK(band.of("take.wav", 3) == negative(band.sound[1]));
}

TEST_CASE("as stems each sound has a file of its own, and none replaces another") {
    Band band(Band::Settings{{"stems", "true"}});
    band.rig->run(48'000, band.sound);
    band.rig->fire("r", "start");
    band.rig->run(48'000, band.sound);
    band.rig.reset();
    for (const std::string name : {"take", "take-2"}) {
        CHECK(band.of(name + "-stem1.wav", 0) == band.sound[0]);
        CHECK(band.of(name + "-stem2.wav", 1) == negative(band.sound[1]));
    }
}

TEST_CASE("save writes what was heard of late, though nobody recorded, and the take beside it goes on") {
    for (const auto* autostart : {"false", "true"}) {
        CAPTURE(autostart);
        Band band(Band::Settings{{"keep", "0.5 s"}, {"autostart", autostart}});
        for (int second = 0; second < 20; ++second) band.rig->run(48'000, band.sound);
        band.rig->run(9'600, band.sound);
        band.rig->fire("r", "save");
        band.rig->run(48'000, band.sound);
        band.rig.reset();
        const bool beside = autostart == std::string("true");
        const std::string name = beside ? "take-2.wav" : "take.wav";
        auto expected = part(band.sound[0], 48'000 - 14'400, 14'400);
        expected.insert(expected.end(), band.sound[0].begin(), band.sound[0].begin() + 9'600);
        CHECK(band.of(name, 0) == expected);
        if (beside) CHECK(band.of("take.wav", 0).size() == 21 * 48'000 + 9'600);
    }
}

TEST_CASE("two saves, one right after the other, are both there; the first one soon after the start is short") {
    Band band(Band::Settings{{"keep", "10 s"}, {"autostart", "false"}});
    band.rig->run(6'400, band.sound);
    band.rig->fire("r", "save");
    band.rig->run(64, band.sound);
    band.rig->fire("r", "save");
    band.rig->run(640, band.sound);
    band.rig.reset();
    CHECK(band.of("take.wav", 0) == part(band.sound[0], 0, 6'400));
    CHECK(band.of("take-2.wav", 0).size() == 6'464);
}

TEST_CASE("a save without keep says what to write, and more than the memory holds is refused") {
    Band band(Band::Settings{});
    band.rig->fire("r", "save");
    band.rig->run(640, band.sound);
    REQUIRE(!band.rig->told.empty());
    CHECK(band.rig->told[0].find("save: nothing is kept; give the recorder keep: 5 min") != std::string::npos);
    const Folder folder;
    const auto file = (folder / "take.wav").string();
    const auto long_ago = problems_of(
        {{"a", "input", {{"channels", "16"}}}, {"r", "recorder", {{"file", file}, {"keep", "60 min"}}}}, {"a -> r"});
    REQUIRE(long_ago.size() == 1);
    CHECK(long_ago[0].find("keep: that would take more than 4 GB of memory; keep at most 1302 s") != std::string::npos);
}

TEST_CASE("what is too wide for one file goes to one for each sound, and the player is told") {
    const Folder folder;
    {
        Rig rig({{"a", "input", {{"channels", "9"}}}, {"r", "recorder", {{"file", (folder / "take.wav").string()}}}},
                {"a -> r", "a -> r.in_2"}, {.inputs = 9});
        REQUIRE(rig.told.size() == 1);
        CHECK(rig.told[0].find("has 18 channels, and a file holds 16; each sound goes to a file of its own") !=
              std::string::npos);
        rig.run(640, {Samples(640, 0.5f)});
    }
    CHECK(read_sound_header(folder / "take-stem1.wav").channels == 9);
    CHECK(read_sound_header(folder / "take-stem2.wav").channels == 9);
}

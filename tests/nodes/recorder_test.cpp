// What the recorder writes, and what it does when it cannot.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <iterator>

#include "nodes/sound_file.h"
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

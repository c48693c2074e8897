// A show of the program itself on the null device: replayed, killed, with a disk that is full, and kept nowhere.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <filesystem>

#include "host/show/show.h"
#include "tests/live/stage.h"
#include "tests/nodes/samplernn/network_of.h"

using namespace legume;
using namespace legume::test;
namespace fs = std::filesystem;

namespace {

constexpr const char* same = "; the same as the recording, sample for sample";

// A network so large that no machine plays it without covering, and a disk player.
const char* const heavy = R"(legume: 1
nodes:
  dream: {type: samplernn, model: network.safetensors, voices: 2, ahead: 4 ms, when_slow: slow}
  saw:   {type: oscillator, shape: saw, frequency: 110 Hz, gain: -20 dB}
  tone:  {type: filter, cutoff: 2 kHz}
  echo:  {type: delay, time: 0.11, feedback: 0.5}
  out:   {type: output}
wires:
  - dream -> tone
  - saw -> tone -> echo -> out
  - tone -> out
bindings:
  - {osc: /hand, to: tone.cutoff, range: [200 Hz, 8 kHz]}
)";

struct Play {
    Folder folder;
    int port = free_port();
    OscHand hand{port};

    explicit Play(const std::string& patch = heavy) {
        setenv("XDG_CONFIG_HOME", folder.path.c_str(), 1);
        auto config = samplernn::small_config();
        config.dim = 64;
        write_checkpoint(folder / "network.safetensors", samplernn::network_of(config), samplernn::Storage::f32);
        write(patch);
    }
    void write(const std::string& text) const {
        std::ofstream(folder / "new") << text;
        fs::rename(folder / "new", folder / "patch.yaml");
    }
    std::vector<std::string> command(std::vector<std::string> more = {}) const {
        std::vector<std::string> all{built("legume"),      "play",    (folder / "patch.yaml").string(),
                                     "--device",           "null",    "--osc-port",
                                     std::to_string(port), "--shows", (folder / "shows").string()};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    // In a shell that has done something else first.
    std::vector<std::string> after(const std::string& first) const {
        auto text = first + " && exec";
        for (const auto& word : command()) text += " '" + word + "'";
        return {"bash", "-c", text};
    }
    fs::path show() const {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(folder / "shows", error)) return entry.path();
        return {};
    }
    // Frames of the log and of the recording that could be read if it ended now.
    std::pair<std::uint64_t, std::uint64_t> kept() const try {
        return {open_show(show()).frames,
                static_cast<std::uint64_t>(read_sound_header(show_sound(show(), "recording")).frames)};
    } catch (const std::exception&) {
        return {0, 0};
    }
    std::string replay(const std::vector<std::string>& more = {}, int code = 0) const {
        std::vector<std::string> all{"render", "--replay", show().string(), "-o", (folder / "again.wav").string()};
        all.insert(all.end(), more.begin(), more.end());
        return said(code, all);
    }
    void play_about(Child& legume) {
        for (int i = 0; i < 60; ++i) {
            hand.send("/hand", {static_cast<float>(i % 30) / 30});
            hand.send("/saw/frequency", {static_cast<float>(100 + 7 * i)});
            if (i == 20) write(replaced(heavy, "time: 0.11", "time: 0.2"));
            if (i == 40) write(heavy + std::string("  - {osc: /more, to: echo.feedback}\n"));
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        CHECK_MESSAGE(legume.says("Reloaded: "), legume.output());
    }
};

}  // namespace

TEST_CASE("a show with OSC, reloads and a network that was late replays to its own bytes") {
    Play play;
    Child legume(play.command());
    REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
    CHECK(legume.says("The show is kept in " + (play.folder / "shows").string()));
    play.play_about(legume);
    legume.signal(SIGTERM);
    CHECK_MESSAGE(legume.wait() == 0, legume.output());
    const auto show = open_show(play.show());
    CHECK(show.ended);
    CHECK(show.edits.size() >= 2);
    CHECK(show.controls.size() > 20);
    const auto said = play.replay();
    CHECK_MESSAGE(said.find(same + std::string("\n")) != said.npos, said);
    CHECK(read_sound(play.folder / "again.wav").samples == read_sound(play.show() / "recording.wav").samples);
}

TEST_CASE("after kill -9 the log and the recording are there up to the last second, and the show replays") {
    Play play;
    Child legume(play.command());
    REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
    play.play_about(legume);
    CHECK(eventually([&] { return play.kept().first >= 96'000 && play.kept().second >= 48'000; }));
    const auto before = play.kept();
    legume.signal(SIGKILL);
    legume.wait();
    const auto after = play.kept();
    CHECK(after.first >= before.first);
    CHECK(after.second >= before.second);
    CHECK(!open_show(play.show()).ended);
    const auto said = play.replay();
    CHECK_MESSAGE(said.find(same) != said.npos, said);
}

TEST_CASE("a disk that is full ends the recording and not the music, and the show can be replayed") {
    Play play;
    Child legume(play.after("ulimit -f 600 && trap '' XFSZ"));  // kilobytes: a second and a half of sound
    REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
    CHECK_MESSAGE(legume.says("is the disk full?; what was recorded before is kept, and playing goes on"),
                  legume.output());
    const auto then = play.kept().first;
    CHECK(eventually([&] { return play.kept().first > then + 24'000; }));
    legume.signal(SIGTERM);
    CHECK(legume.wait() == 0);
    CHECK_MESSAGE(legume.output().find("recording.wav cannot be written on: is the disk full?)") != std::string::npos,
                  legume.output());
    const auto said = play.replay();
    CHECK_MESSAGE(said.find(same + std::string(", which ends after ")) != said.npos, said);
}

TEST_CASE("on a disk with no room to speak of the log alone is kept") {
    Play play;
    fs::create_directory(play.folder / "shows");
    const auto small = "mount -t tmpfs -o size=4m tmpfs '" + (play.folder / "shows").string() + "'";
    if (Child probe({"unshare", "-rm", "bash", "-c", small}); probe.wait() != 0) {
        MESSAGE("not tested, mounting is not permitted here: ", probe.output());
        return;
    }
    auto command = play.after(small);
    command.insert(command.begin(), {"unshare", "-rm"});
    Child legume(command);
    CHECK_MESSAGE(legume.says("are free on the disk; its log is kept"), legume.output());
    CHECK(legume.says("Ctrl-C stops."));
    legume.signal(SIGTERM);
    CHECK(legume.wait() == 0);
}

TEST_CASE("where nothing can be kept, or shall be, it plays without") {
    Play play;
    std::ofstream(play.folder / "shows") << "a file";
    {
        Child legume(play.command({"--seconds", "0.2"}));
        CHECK(legume.wait() == 0);
        CHECK_MESSAGE(legume.output().find("The show is not kept: ") != std::string::npos, legume.output());
        CHECK(legume.output().find("; name another folder with --shows, or say --no-log") != std::string::npos);
    }
    fs::remove(play.folder / "shows");
    Child legume(play.command({"--seconds", "0.2", "--no-log"}));
    CHECK(legume.wait() == 0);
    CHECK(legume.output().find("The show") == std::string::npos);
    CHECK(!fs::exists(play.folder / "shows"));
    CHECK(said(1, {"render", "--replay", "none", "-o", "x.wav"}).find("none: there is no such show; name its folder") !=
          std::string::npos);
    CHECK(said(1, {"render", "-o", "x.wav"}) == "render plays a patch, or a show by --replay SHOW; name one of them\n");
}

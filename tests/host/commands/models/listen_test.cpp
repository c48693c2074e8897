// The takes of a run on the null device: their order, the keys and the OSC, and the picks that they leave.
// SPDX-License-Identifier: MIT
#include "host/commands/models/listen.h"

#include <doctest/doctest.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <mutex>

#include "host/osc/osc.h"
#include "host/osc/socket.h"
#include "nodes/samplernn/takes/picks.h"
#include "nodes/samplernn/takes/take.h"
#include "tests/child.h"
#include "tests/folder.h"
#include "tests/harness.h"
#include "tests/terminal.h"

using namespace legume;
using namespace legume::test;
using namespace legume::samplernn;
namespace fs = std::filesystem;

namespace {

struct Desk {
    Desk() {
        setenv("XDG_CONFIG_HOME", folder.path.c_str(), 1);  // what this machine remembers is not what is tested
        fs::create_directories(run / "takes");
    }
    void take(int step, int voice, double seconds = 60) const {
        const Recipe recipe{std::string(64, 'a'), step, 7, static_cast<std::uint64_t>(voice), 1, Precision::fp32};
        SoundWriter out(run / "takes" / name(step, voice), 8'000, 1, SoundFormat::flac_16, print(recipe));
        out.write(Samples(static_cast<std::size_t>(8'000 * seconds), 0.1f));
        out.finish();
    }
    static std::string name(int step, int voice) {
        return std::to_string(step) + "-voice" + std::to_string(voice) + ".flac";
    }
    // As it says it of a take that begins.
    static std::string line(int step, int voice) { return ": takes/" + name(step, voice) + " ("; }
    std::vector<std::string> command(std::vector<std::string> more = {}) const {
        std::vector<std::string> all{built("legume"), "listen", run.string(), "--device", "null"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    Folder folder;
    fs::path run = folder / "run";
};

// OSC to a program on this computer, and what it answers.
struct Hand {
    void send(const std::string& address, std::vector<OscArgument> args = {}) {
        socket.send(compose_osc(address, args), {0x7f000001, static_cast<std::uint16_t>(port)});
    }
    bool answered(const std::string& text) {
        return eventually([&] {
            const std::lock_guard lock(mutex);
            return answers.find(text) != std::string::npos;
        });
    }
    int port = OscSocket(OscSocket::Listen::loopback, 0, [](auto, const auto&) {}).port();
    std::mutex mutex;
    std::string answers;
    OscSocket socket{OscSocket::Listen::loopback, 0, [this](std::span<const std::uint8_t> bytes, const OscPeer&) {
                         const std::lock_guard lock(mutex);
                         answers.append(bytes.begin(), bytes.end());
                     }};
};

}  // namespace

TEST_CASE("takes play one after another, the youngest age first, and those that appear meanwhile too") {
    const Desk desk;
    desk.take(100, 0, 0.2);
    desk.take(100, 1, 0.2);
    desk.take(200, 0, 0.2);
    Child legume(desk.command({"--no-osc"}));
    CHECK_MESSAGE(legume.says("3 of 3" + Desk::line(200, 0)), legume.output());
    desk.take(300, 0, 0.2);
    CHECK_MESSAGE(legume.says("4 of 4" + Desk::line(300, 0)), legume.output());
    const auto& said = legume.output();
    CHECK(said.find("1 of 3" + Desk::line(100, 0)) < said.find("2 of 3" + Desk::line(100, 1)));
    CHECK(said.find("2 of 3" + Desk::line(100, 1)) < said.find("3 of 3" + Desk::line(200, 0)));
    legume.signal(SIGTERM);
    CHECK(legume.wait() == 0);
    CHECK(!fs::exists(desk.run / "picks.yaml"));
}

TEST_CASE("under OSC: next, older, star and drop, and what they leave in picks.yaml") {
    const Desk desk;
    for (const int step : {100, 200, 300}) desk.take(step, 0);
    Hand hand;
    Child legume(desk.command({"--osc-port", std::to_string(hand.port)}));
    REQUIRE_MESSAGE(legume.says(Desk::line(100, 0)), legume.output());
    hand.send("/legume/listen/star");
    REQUIRE_MESSAGE(legume.says(": starred"), legume.output());
    hand.send("/legume/listen/next", {1.0f});
    hand.send("/legume/listen/next", {0.0f});  // the button is let go
    REQUIRE_MESSAGE(legume.says(Desk::line(200, 0)), legume.output());
    hand.send("/legume/listen/drop");
    REQUIRE_MESSAGE(legume.says(Desk::line(300, 0)), legume.output());
    hand.send("/legume/listen/older");  // over the one that was dropped
    REQUIRE_MESSAGE(legume.says("(60.0 s), starred"), legume.output());
    auto picks = read_picks(desk.run);
    REQUIRE(picks.size() == 2);
    CHECK(picks["takes/" + Desk::name(100, 0)].star);
    CHECK(picks["takes/" + Desk::name(100, 0)].step == 100);
    CHECK(picks["takes/" + Desk::name(100, 0)].seed == 7);
    CHECK(!picks["takes/" + Desk::name(200, 0)].star);
    hand.send("/legume/listen/star");
    REQUIRE_MESSAGE(legume.says("star taken back"), legume.output());
    CHECK(read_picks(desk.run).size() == 1);
    hand.send("/legume/listen/older");
    CHECK_MESSAGE(legume.says("that was the oldest take"), legume.output());
    hand.send("/legume/ping");
    CHECK(hand.answered("/legume/pong"));
    hand.send("/legume/listen/louder");
    CHECK(hand.answered("there is no /legume/listen/louder here"));
    legume.signal(SIGINT);
    CHECK_MESSAGE(legume.wait() == 0, legume.output());
}

TEST_CASE("under keys, without Return; and the terminal is as it was afterwards") {
    const Desk desk;
    for (const int step : {100, 200}) desk.take(step, 0);
    const Terminal terminal;
    termios before{}, after{};
    tcgetattr(terminal.descriptor(), &before);
    const int in = dup(STDIN_FILENO);
    dup2(terminal.descriptor(), STDIN_FILENO);
    Child legume(desk.command({"--no-osc"}));
    dup2(in, STDIN_FILENO);
    close(in);
    REQUIRE_MESSAGE(legume.says(Desk::line(100, 0)), legume.output());
    CHECK(legume.says("space: next, o: older, s: star, d: drop, q: quit"));
    CHECK(terminal.type("x "));  // one that means nothing; next
    CHECK_MESSAGE(legume.says(Desk::line(200, 0)), legume.output());
    CHECK(terminal.type("sq"));
    CHECK_MESSAGE(legume.wait() == 0, legume.output());
    CHECK(read_picks(desk.run).count("takes/" + Desk::name(200, 0)) == 1);
    tcgetattr(terminal.descriptor(), &after);
    CHECK(after.c_lflag == before.c_lflag);
}

TEST_CASE("who follows a run hears what falls from now on, and of what fell meanwhile the newest age") {
    const Desk desk;
    desk.take(100, 0, 0.2);
    Child legume(desk.command({"--follow", "--no-osc"}));
    REQUIRE_MESSAGE(legume.says("Listening to"), legume.output());
    desk.take(200, 0);
    REQUIRE_MESSAGE(legume.says(Desk::line(200, 0)), legume.output());
    CHECK(legume.output().find(Desk::line(100, 0)) == std::string::npos);
    legume.signal(SIGTERM);
    CHECK(legume.wait() == 0);
}

TEST_CASE("listen says what it cannot play, and goes on") {
    const Desk desk;
    const auto said = [&](std::vector<std::string> more) {
        Child legume(desk.command(more));
        CHECK(legume.wait() == 1);
        return legume.output();
    };
    CHECK(said({}) == (desk.run / "takes").string() + " holds no take (*.flac); `legume takes " + desk.run.string() +
                          "` makes some\n");
    desk.take(200, 0);
    std::ofstream(desk.run / "picks.yaml") << "picks: 3\n";
    CHECK(said({}).find("picks.yaml:1:1: it wants picks: and a list below") != std::string::npos);
    fs::remove(desk.run / "picks.yaml");
    std::ofstream(desk.run / "takes/100.flac") << "no sound";
    Child legume(desk.command({"--no-osc"}));
    CHECK_MESSAGE(legume.says(Desk::line(200, 0)), legume.output());
    CHECK_MESSAGE(legume.says("100.flac is not a sound that can be decoded"), legume.output());
    fs::remove_all(desk.run);
    Child none(desk.command());
    CHECK(none.wait() == 1);
    CHECK(none.output().find("there is no such folder; name the folder of a run\n") != std::string::npos);
}

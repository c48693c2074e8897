// The player is killed in the middle of a show, on the null device: it is started again, and goes on where it was.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/live/stage.h"

using namespace legume;
using namespace legume::test;

namespace {

const std::string patch_text = two_sounds + R"(scenes:
  low:  {tone.cutoff: 300 Hz, beep.frequency: 500 Hz}
  high: {tone.cutoff: 6 kHz, beep.frequency: 2 kHz}
)";

// The player that a supervisor runs; 0: none.
pid_t player_of(pid_t supervisor) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        std::ifstream in(entry.path() / "stat");
        std::string text;
        if (!std::getline(in, text)) continue;
        const auto name_ends = text.rfind(')');
        std::istringstream rest(text.substr(name_ends + 1));
        char state = 0;
        pid_t parent = 0;
        rest >> state >> parent;
        if (parent == supervisor && state != 'Z' && text.find("(legume)") < name_ends)
            return std::stoi(entry.path().filename().string());
    }
    return 0;
}

struct Show {
    Stage stage{patch_text};
    std::vector<std::string> command() const {
        return {
            built("legume"),           "play", (stage.folder / "patch.yaml").string(), "--device", "null", "--osc-port",
            std::to_string(stage.port)};
    }
    std::vector<std::string> supervised() const {
        auto all = command();
        all.insert(all.begin(), (source_folder() / "host/supervise").string());
        return all;
    }
    // What a param or meter shows.
    bool shows(OscHand& hand, const std::string& address, float low, float high) const {
        return eventually([&] {
            hand.send("/legume/subscribe", {address, 30.0f});
            const auto value = hand.number(address);
            return value >= static_cast<double>(low) && value <= static_cast<double>(high);
        });
    }
    std::filesystem::file_time_type saved() const {
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator(stage.folder / "legume", error))
            if (entry.path().string().ends_with(".standing")) return std::filesystem::last_write_time(entry, error);
        return {};
    }
    bool saved_again() const {
        for (int i = 0; i < 2; ++i) {  // the first may have been on its way before
            const auto before = saved();
            if (!eventually([&] { return saved() != before && saved() != std::filesystem::file_time_type{}; }))
                return false;
        }
        return true;
    }
};

}  // namespace

TEST_CASE("killed, the player is back with its params, scene and beat, as often as it takes") {
    Show show;
    Child supervisor(show.supervised());
    REQUIRE_MESSAGE(supervisor.says("Ctrl-C stops."), supervisor.output());
    {
        OscHand hand(show.stage.port);
        hand.send("/legume/scene", {std::string("high")});
        hand.send("/beep/frequency", {777.0f});
        hand.send("/transport/tempo", {600.0f});
        CHECK(show.shows(hand, "/beep/frequency", 777, 777));
        CHECK(show.shows(hand, "/transport/beat", 8, 1e6f));
        CHECK(show.saved_again());
    }
    const auto player = player_of(supervisor.pid());
    REQUIRE(player > 0);
    ::kill(player, SIGKILL);
    CHECK_MESSAGE(supervisor.says("legume crashed (SIGKILL): it is started again, and goes on where it was."),
                  supervisor.output());
    CHECK_MESSAGE(supervisor.says("Going on from 20"), supervisor.output());
    CHECK(eventually([&] { return player_of(supervisor.pid()) > 0; }));
    OscHand hand(show.stage.port);
    CHECK(show.shows(hand, "/beep/frequency", 777, 777));
    CHECK(show.shows(hand, "/tone/cutoff", 5'999, 6'001));
    CHECK(show.shows(hand, "/transport/tempo", 600, 600));
    CHECK(show.shows(hand, "/transport/beat", 8, 1e6f));
    hand.send("/legume/scene-next", {});  // after high comes low
    CHECK(show.shows(hand, "/beep/frequency", 500, 500));
    supervisor.signal(SIGTERM);
    CHECK(supervisor.wait() == 0);
    CHECK(supervisor.output().find("Played ") != std::string::npos);
    CHECK(show.saved() == std::filesystem::file_time_type{});
}

TEST_CASE("when everything was killed, the next start says how to go on, and goes on when it is told to") {
    Show show;
    {
        Child legume(show.command());
        REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
        OscHand hand(show.stage.port);
        hand.send("/beep/frequency", {777.0f});
        CHECK(show.shows(hand, "/beep/frequency", 777, 777));
        CHECK(show.saved_again());
        legume.signal(SIGKILL);
        CHECK(legume.wait() == -SIGKILL);
    }
    {
        Child legume(show.command());
        CHECK_MESSAGE(legume.says("The last show of this patch ended in the middle, at 20"), legume.output());
        REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
        CHECK(legume.output().find("start again with --resume") != std::string::npos);
        OscHand hand(show.stage.port);
        CHECK(show.shows(hand, "/beep/frequency", 1'000, 1'000));
        CHECK(show.saved_again());  // which leaves alone what was there
        legume.signal(SIGINT);
        CHECK(legume.wait() == 0);
    }
    auto command = show.command();
    command.push_back("--resume");
    {
        Child legume(command);
        CHECK_MESSAGE(legume.says("Going on from 20"), legume.output());
        REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
        OscHand hand(show.stage.port);
        CHECK(show.shows(hand, "/beep/frequency", 777, 777));
        legume.signal(SIGTERM);
        CHECK(legume.wait() == 0);
    }
    Child legume(command);
    CHECK_MESSAGE(legume.says("There is nothing to go on from: the show begins afresh."), legume.output());
}

TEST_CASE("who crashes again and again within seconds is not started for ever") {
    const auto supervise = (source_folder() / "host/supervise").string();
    Child crashing({supervise, "sh", "-c", "kill -SEGV $$"});
    CHECK(crashing.wait() == 128 + SIGSEGV);
    CHECK_MESSAGE(crashing.says("legume crashed three times within ten seconds (SIGSEGV), so it is not started again."),
                  crashing.output());
    Child refusing({supervise, built("legume"), "play", "/nowhere.yaml"});
    CHECK(refusing.wait() == 1);
    Child ended({supervise, "sh", "-c", "kill -TERM $$"});
    CHECK(ended.wait() == 128 + SIGTERM);
}

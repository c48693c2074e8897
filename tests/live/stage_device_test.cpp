// The sound server is killed and started again while a patch plays: time never stops, and the sound comes back.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>

#include "tests/live/jack.h"
#include "tests/live/stage.h"

using namespace legume;
using namespace legume::test;

namespace {

int rounds() {  // LEGUME_ROUNDS=20 by hand
    const char* text = std::getenv("LEGUME_ROUNDS");
    return text ? std::atoi(text) : 3;
}

std::size_t count(const std::string& text, const std::string& what) {
    std::size_t n = 0;
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) ++n;
    return n;
}

std::size_t open_files(pid_t pid) {
    std::size_t n = 0;
    for (const auto& file : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd"))
        n += !file.path().empty();
    return n;
}

double resident_megabytes(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1'024;
    return 0;
}

}  // namespace

TEST_CASE("JACK is killed and started again and again: each time the sound is back, and time never stops") {
    std::optional<JackServer> server(std::in_place);
    Stage stage(two_sounds);
    stage.write(replaced(two_sounds, "position: 0", "position: 1"));
    Child legume(stage.command({"--record", (stage.folder / "take.wav").string()}));
    REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
    OscHand hand(stage.port);
    const auto heard = [](double& after) {
        const auto began = std::chrono::steady_clock::now();
        JackClient performer;
        const bool so = eventually([&] {
            performer.listen_to("legume-audio:out_0");  // again and again: a card that did not start is opened anew
            const auto& x = performer.heard();
            return x.size() >= quarter && beep(part(x, x.size() - quarter, quarter), 1'000) > 0.4;
        });
        // It rises without a jump: a sine of 1 kHz goes up through zero every 48 frames, from the first block on; not
        // where a slow machine let it fall silent in between.
        const auto& x = performer.heard();
        std::size_t last = 0, quiet = 0;
        for (std::size_t i = 1; i < x.size(); ++i) {
            quiet += std::abs(x[i]) < 1e-3f;
            if (x[i - 1] >= 0 || x[i] < 0) continue;
            if (last > 0 && quiet < 8) CHECK(i - last == doctest::Approx(48).epsilon(0.03));
            last = i;
            quiet = 0;
        }
        after = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        return so;
    };
    double after = 0, longest = 0, sum = 0;
    REQUIRE_MESSAGE(heard(after), legume.output());
    std::size_t files = 0;
    double memory = 0, played = hand.seconds();
    for (int round = 1; round <= rounds(); ++round) {
        server->crash();
        const auto gone = static_cast<std::size_t>(round);
        CHECK(eventually([&] { return count(legume.output(), "is gone; playing on without sound until") == gone; }));
        const double away = hand.seconds();
        CHECK(away > played);
        CHECK(hand.seconds() > away);
        server.reset();
        server.emplace();
        REQUIRE_MESSAGE(heard(after), legume.output());
        CHECK(eventually([&] { return count(legume.output(), ") is back.") == gone; }));
        played = hand.seconds();
        CHECK(played > away);
        longest = std::max(longest, after);
        sum += after;
        if (round == 1) {
            files = open_files(legume.pid());
            memory = resident_megabytes(legume.pid());
        }
    }
    MESSAGE(rounds(), " rounds: a sound of 0.25 s heard ", sum / rounds(), " s after the server on average, ", longest,
            " s at the most; memory ", memory, " MB, then ", resident_megabytes(legume.pid()), " MB; files ", files,
            ", then ", open_files(legume.pid()));
    CHECK(eventually([&] { return stage.recorded().size() > 7 * 4 * quarter; }));  // rounds may be short
    legume.signal(SIGTERM);
    CHECK_MESSAGE(legume.wait() == 0, legume.output());

    // What was recorded is one sound from end to end: no gap, no jump.
    const auto all = stage.recorded();
    const auto middle = part(all, 2 * quarter * 4, all.size() - 3 * quarter * 4);
    REQUIRE(middle.size() > 4 * quarter);
    CHECK(largest_step(middle) < 0.08);  // a sine of 1 kHz that reaches to 0.5
    for (std::size_t at = 0; at + 480 <= middle.size(); at += 480) REQUIRE(rms(part(middle, at, 480)) > 0.3);
}

TEST_CASE(
    "the sound server dies while a controller's port is opened: with the next server the controller plays again") {
    std::optional<JackServer> server(std::in_place);
    const std::string bound = two_sounds + "bindings: [{midi: {cc: 1}, to: blend.position}]\n";
    Stage stage(bound);
    Child legume(stage.command({}));
    REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
    OscHand hand(stage.port);
    hand.send("/legume/subscribe", {std::string("/blend/position")});
    const auto plays = [&](int value) {
        JackClient player, controller("a2j");
        return eventually([&] { return player.play_into("legume:midi_in"); }) && eventually([&] {
                   player.cc(1, value);  // again and again: it was connected just now
                   return std::abs(hand.number("/blend/position") - value / 127.0) < 0.01;
               });
    };
    CHECK(plays(20));
    for (int round = 1; round <= rounds(); ++round) {
        {
            const JackClient controller("a2j");
            const double before = hand.seconds();
            server->freeze();
            std::this_thread::sleep_for(std::chrono::milliseconds(1'200));  // legume looks twice a second
            CHECK_MESSAGE(hand.seconds() > before, legume.output());        // others are not kept waiting
            server->crash();
        }
        server.reset();
        server.emplace();
        CHECK_MESSAGE(plays(20 + 10 * round), legume.output());
    }
    legume.signal(SIGTERM);
    CHECK_MESSAGE(legume.wait() == 0, legume.output());
}

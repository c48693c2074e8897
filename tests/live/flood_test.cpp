// A flood of OSC from another program, on a JACK server without a sound card: what came, and what became of it.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "tests/host/osc/burst.h"
#include "tests/live/jack.h"
#include "tests/live/stage.h"

using namespace legume;
using namespace legume::test;

namespace {

constexpr int a_second = 50'000, seconds = 10;

long resident_kilobytes(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
    return 0;
}

}  // namespace

TEST_CASE("of 50,000 messages a second for ten seconds each is counted, the newest is played, and memory stays") {
    const JackServer server;
    Stage stage(two_sounds);
    Child legume(stage.command({}));
    REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
    OscHand hand(stage.port);
    Burst burst(stage.port);
    const auto before = resident_kilobytes(legume.pid());

    // Three faders, each as a program sends it that tells every move.
    std::vector<std::vector<std::uint8_t>> packets;
    for (int i = 0; i < 1'000; ++i) {
        const auto share = static_cast<float>(i) / 1'000;
        packets.push_back(compose_osc("/tone/cutoff", {200 + 4'000 * share}));
        packets.push_back(compose_osc("/blend/position", {share}));
        packets.push_back(compose_osc("/saw/gain", {-40 + 20 * share}));
    }
    const auto start = std::chrono::steady_clock::now();
    constexpr int sent = a_second * seconds;
    for (int i = 0; i < sent; ++i) {
        if (i % 500 == 0) std::this_thread::sleep_until(start + i * std::chrono::microseconds(1'000'000 / a_second));
        burst.send(packets[static_cast<std::size_t>(i) % packets.size()]);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const auto count = [&](const char* name) { return hand.number("/legume/stats/" + std::string(name)); };
    int asked = 0;
    CHECK(eventually([&] {
        if (count("osc-messages") + count("osc-lost") + count("dropped") == sent + asked) return true;
        hand.send("/legume/stats", {});
        ++asked;
        return false;
    }));
    const auto after = resident_kilobytes(legume.pid());
    hand.send("/tone/cutoff", {1'234.0f});
    hand.send("/legume/subscribe", {std::string("/tone/cutoff")});
    CHECK(eventually([&] { return hand.number("/tone/cutoff") == 1'234; }));
    CHECK(after - before < 32 * 1'024);
    const double arrived = count("osc-messages"), overtaken = count("osc-overtaken");
    MESSAGE("sent ", sent, " in ", took.count(), " s: arrived ", arrived, " (with the hand's own), lost ",
            count("osc-lost"), ", dropped ", count("dropped"), ", overtaken ", overtaken, ", played ",
            arrived - overtaken, "; memory ", before, " KB, then ", after, " KB; late blocks ", count("late"),
            ", xruns ", count("xruns"));
    legume.signal(SIGTERM);
    CHECK_MESSAGE(legume.wait() == 0, legume.output());
}

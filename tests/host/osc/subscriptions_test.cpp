// What other programs are told of what plays.
// SPDX-License-Identifier: MIT
#include "host/osc/subscriptions.h"

#include <doctest/doctest.h>

#include "tests/host/osc/desk.h"

using namespace legume;
using namespace legume::test;

namespace {

const char* const patch = R"(legume: 1
nodes:
  saw:  {type: oscillator, frequency: 220 Hz, gain: -6 dB}
  tone: {type: filter, cutoff: 1 kHz}
  out:  {type: output}
wires: [saw -> tone -> out]
)";

using Sent = std::vector<std::pair<std::string, float>>;
struct Desk : OscDesk {
    Sent sent;
    Subscriptions::Clock::time_point now{};
    Subscriptions subscriptions{controls, [this](const std::string& address, float value, const OscPeer&) {
                                    sent.emplace_back(address, value);
                                }};
    Desk() : OscDesk(patch) { blocks(1); }
    void set(const char* name, float value) { controls.move(*controls.find(name), value, "hand", 0); }
    Sent after(int milliseconds) {
        sent.clear();
        blocks(2);
        now += std::chrono::milliseconds(milliseconds);
        subscriptions.tick(now);
        return sent;
    }
};

}  // namespace

TEST_CASE("a subscriber has the value at once, then every change, no faster than it asked for") {
    Desk desk;
    CHECK(desk.subscriptions.add("/tone/cutoff", 10, {1, 1}) == "");
    CHECK(desk.after(0) == Sent{{"/tone/cutoff", 1'000}});
    CHECK(desk.after(500).empty());
    desk.set("tone/cutoff", 2'000);
    CHECK(desk.after(100) == Sent{{"/tone/cutoff", 2'000}});
    desk.set("tone/cutoff", 3'000);
    CHECK(desk.after(50).empty());
    desk.set("tone/cutoff", 4'000);
    CHECK(desk.after(50) == Sent{{"/tone/cutoff", 4'000}});  // the newest
    CHECK(desk.subscriptions.add("/tone/cutoff", 100, {1, 1}) == "");
    CHECK(desk.after(0) == Sent{{"/tone/cutoff", 4'000}});  // the same once more is one, and tells anew
    CHECK(desk.subscriptions.remove("/tone/cutoff", {1, 2}) == "you have no subscription to /tone/cutoff");
    CHECK(desk.subscriptions.remove("/tone/cutoff", {1, 1}) == "");
    desk.set("tone/cutoff", 500);
    CHECK(desk.after(1'000).empty());
}

TEST_CASE("a pattern hears params and meters, and what a reload adds") {
    OscDesk desk(patch);
    desk.blocks(100);
    desk.take("/legume/subscribe", {std::string("/out/*"), 100.0f});
    desk.take("/legume/subscribe", {std::string("/*/frequency")});
    desk.osc.tick();
    CHECK(desk.ear.hears("/saw/frequency", 220.0f));
    CHECK(eventually([&] { return desk.ear.count("/out/level") > 0; }));
    CHECK(std::get<float>(*desk.ear.newest("/out/level")) < 0);  // decibels
    auto more = std::string(patch);
    more.replace(more.find("  tone:"), 0, "  bell: {type: oscillator, frequency: 880 Hz}\n");
    more.replace(more.find("[saw"), 0, "[bell -> tone, ").erase(more.rfind("[saw"), 1);
    desk.edit(more);
    desk.blocks(2);
    CHECK(eventually([&] {
        desk.osc.tick();
        return desk.ear.newest("/bell/frequency") == OscArgument{880.0f};
    }));
    desk.take("/legume/unsubscribe", {});
    CHECK(desk.osc.refused() == 0);
}

TEST_CASE("many values go out in pieces that the socket carries, and all arrive") {
    std::string many = "legume: 1\nnodes:\n  out: {type: output}\n";
    for (int i = 0; i < 350; ++i) many += "  g" + std::to_string(i) + ": {type: gain, gain: -20 dB}\n";
    OscDesk desk(many + "wires: [g1 -> out]\n");
    desk.blocks(1);
    int sent = 0;
    Subscriptions subscriptions(desk.controls, [&](const std::string&, float, const OscPeer&) { ++sent; });
    CHECK(subscriptions.add("/g*/gain", 20, {1, 1}) == "");
    for (const int wanted : {100, 200, 300, 350, 350}) {
        subscriptions.tick({});
        CHECK(sent == wanted);
    }
}

TEST_CASE("what cannot be subscribed to is said, and subscriptions are bounded") {
    Desk desk;
    const OscPeer peer{1, 1};
    CHECK(desk.subscriptions.add("/tone/cutof", 20, peer) ==
          "there is nothing to hear at /tone/cutof; did you mean /tone/cutoff?");
    CHECK(desk.subscriptions.add("/tone/cutoff", 0, peer) == "/legume/subscribe: how often is 1 to 100 Hz");
    CHECK(desk.subscriptions.add("/tone/cutoff", 1e9, peer) == "/legume/subscribe: how often is 1 to 100 Hz");
    CHECK(desk.subscriptions.remove("", peer) == "you have no subscription");
    for (std::uint16_t port = 1; port <= 1'024; ++port) CHECK(desk.subscriptions.add("/tone/*", 20, {1, port}) == "");
    CHECK(desk.subscriptions.add("/tone/*", 20, {1, 2'000}) ==
          "there are 1024 subscriptions already; end some by /legume/unsubscribe");
    for (const auto& args : std::vector<std::vector<OscArgument>>{{},
                                                                  {1.0f},
                                                                  {std::string("/tone/cutoff"), std::string("often")},
                                                                  {std::string("/tone/cutoff"), 1.0f, 2.0f}})
        desk.take("/legume/subscribe", args);
    CHECK(desk.osc.refused() == 4);
    CHECK(
        desk.ear.hears("/legume/error",
                       std::string("/legume/subscribe wants an address or a pattern, and how often in Hz if not 20")));
}

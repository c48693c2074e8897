// OSC as it comes from TouchDesigner, Max, floods and broken programs, to params that have other masters too.
// SPDX-License-Identifier: MIT
#include "host/osc/osc_control.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "tests/host/osc/desk.h"

using namespace legume;
using namespace legume::test;

namespace {

using Bytes = std::vector<std::uint8_t>;

const char* const patch = R"(legume: 1
nodes:
  tone: {type: filter, cutoff: 1 kHz}
  fade: {type: crossfade}
  hiss: {type: noise}
  loop: {type: player, file: LOOP}
  out: {type: output}
wires: [hiss -> tone -> fade.a, loop -> fade.b, fade -> out]
bindings:
  - {osc: /td/mix, to: fade.position}
)";

struct Desk {
    Folder folder;
    std::string text = patch;
    std::unique_ptr<OscDesk> desk;
    explicit Desk(bool honour = false) {
        write_wav(folder / "a.wav", {sine(330, 48'000, 4'800, 0.3f)}, 48'000);
        text.replace(text.find("LOOP"), 4, (folder / "a.wav").string());
        desk = std::make_unique<OscDesk>(text, OscSettings{0, OscSocket::Listen::loopback, {}, honour, false});
    }
    OscDesk* operator->() const { return desk.get(); }
};

void add(Bytes& to, const void* from, std::size_t size) {
    const auto* bytes = static_cast<const std::uint8_t*>(from);
    for (std::size_t i = 0; i < size; ++i) to.push_back(bytes[i]);
}
void add_word(Bytes& to, std::uint32_t word) {
    for (const int shift : {24, 16, 8, 0}) to.push_back(static_cast<std::uint8_t>(word >> shift));
}
void add_text(Bytes& to, const std::string& text) {
    add(to, text.c_str(), text.size() + 1);
    while (to.size() % 4) to.push_back(0);
}

// A frame of TouchDesigner's OSC Out CHOP: all channels as one bundle, floats, the time tag counted from its first
// message; with Time Slice several samples in each.
Bytes touch_frame(double seconds, const std::vector<std::pair<std::string, std::vector<float>>>& channels) {
    Bytes frame;
    add(frame, "#bundle", 8);
    add_word(frame, static_cast<std::uint32_t>(seconds));
    add_word(frame, static_cast<std::uint32_t>((seconds - std::floor(seconds)) * 4294967296.0));
    for (const auto& [name, samples] : channels) {
        Bytes message;
        add_text(message, "/" + name);
        add_text(message, "," + std::string(samples.size(), 'f'));
        for (const float sample : samples) {
            std::uint32_t word = 0;
            std::memcpy(&word, &sample, 4);
            add_word(message, word);
        }
        add_word(frame, static_cast<std::uint32_t>(message.size()));
        add(frame, message.data(), message.size());
    }
    return frame;
}

}  // namespace

TEST_CASE("TouchDesigner repeats a constant at 60 Hz, then one controller moves: what the hand did stays") {
    Desk desk;
    const auto frame = [&](int at, float value) {
        desk->take(touch_frame(at / 60.0, {{"td/mix", {value}}, {"tone/cutoff", {440}}}));
        desk->osc.tick();
    };
    for (int i = 0; i < 60; ++i) frame(i, 0.25f);
    CHECK(desk->own("fade", "position") == 0.25f);
    CHECK(desk->own("tone", "cutoff") == 440);
    CHECK(desk->controls.move(*desk->controls.find("fade/position"), 0.8f, "midi cc 1"));
    for (int i = 60; i < 240; ++i) frame(i, 0.25f);
    CHECK(desk->own("fade", "position") == 0.8f);
    frame(240, 0.26f);  // but a change takes it back
    CHECK(desk->own("fade", "position") == 0.26f);
    CHECK(desk->osc.refused() == 0);
}

TEST_CASE("of TouchDesigner's Time Slice the last sample is now") {
    Desk desk;
    desk->take(touch_frame(0, {{"td/mix", {0.1f, 0.2f, 0.3f, 0.4f}}, {"unit/tone/cutoff", {0, 1}}}));
    desk->osc.tick();
    CHECK(desk->own("fade", "position") == 0.4f);
    CHECK(desk->own("tone", "cutoff") == 20'000);
}

TEST_CASE("of a flood within one wake-up only the newest value is played, and the counters tell") {
    Desk desk;
    for (int i = 1; i <= 50'000; ++i) desk->take("/td/mix", {static_cast<float>(i) / 50'000});
    desk->take("/tone/cutoff", {700.0f});
    desk->osc.tick();
    CHECK(desk->own("fade", "position") == 1);
    CHECK(desk->own("tone", "cutoff") == 700);
    CHECK(desk->controls.taken() <= 14);  // one for each 4096
    CHECK(desk->osc.refused() == 0);
    const auto overtaken = std::to_string(50'001 - desk->controls.taken());
    CHECK(desk->osc.summary() == "; OSC: 50001 messages, " + overtaken + " of them overtaken by newer ones");
}

TEST_CASE("what waits in the inbox is bounded in number and in bytes; the oldest goes first, and is counted") {
    Inbox inbox;
    for (std::uint32_t i = 0; i < 50'000; ++i) inbox.post(OscPacket{Bytes(20), {i, 1}});
    auto mail = inbox.take(std::chrono::milliseconds(0));
    REQUIRE(mail.size() == 16'384);
    CHECK(std::get<OscPacket>(mail.back()).sender.address == 49'999);
    CHECK(inbox.dropped() == 50'000 - 16'384);
    for (std::uint32_t i = 0; i < 1'000; ++i) inbox.post(OscPacket{Bytes(65'000), {i, 1}});
    mail = inbox.take(std::chrono::milliseconds(0));
    CHECK(mail.size() == (16 << 20) / 65'000);
    CHECK(std::get<OscPacket>(mail.back()).sender.address == 999);
}

TEST_CASE("neither triggers nor commands are overtaken, nor overtake what came before them") {
    Desk desk;
    std::vector<std::string> order;
    desk->controls.on_change([&](const Target& target, float value, std::string_view) {
        order.push_back(target.name + " " + print_number(value));
    });
    desk->commands.add({"panic", "Silence.", true, [&](const auto&) {
                            order.emplace_back("panic");
                            return std::string();
                        }});
    desk->take("/td/mix", {0.125f});
    desk->take("/td/mix", {0.25f});
    desk->take("/loop/start", {});
    desk->take("/loop/start", {1.0f});
    desk->take("/td/mix", {0.5f});
    desk->take("/legume/panic", {});
    desk->take("/td/mix", {0.75f});
    desk->osc.tick();
    CHECK(order == std::vector<std::string>{"fade/position 0.25", "loop/start 1", "loop/start 1", "fade/position 0.5",
                                            "panic", "fade/position 0.75"});
}

TEST_CASE("numbers of every type move a param, and a sender that is wrong is told so, at a bounded rate") {
    Desk desk;
    for (const OscArgument& half : std::vector<OscArgument>{0.5f, 0.5, std::int64_t{1}, true}) {
        desk->take("/td/mix", {0.0f});
        desk->take("/td/mix", {half});
        desk->osc.tick();
        CHECK(desk->own("fade", "position") >= 0.5f);
    }
    desk->take("/td/mix", {0.5f, std::string("half")});  // a label behind a number is let pass
    CHECK(desk->osc.refused() == 0);
    desk->take("/td/mix", {std::numeric_limits<float>::quiet_NaN()});
    desk->take("/td/mix", {std::string("half")});
    desk->take("/td/mxi", {0.5f});
    CHECK(desk->ear.hears("/legume/error", std::string("nothing answers at /td/mxi; did you mean /td/mix?")));
    for (int i = 0; i < 5'000; ++i) desk->take("/nowhere/" + std::to_string(i), {0.5f});
    desk->take("/" + std::string(60'000, 'x'), {0.5f});
    CHECK(desk->osc.refused() == 5'004);
    desk->take("/legume/ping", {});
    REQUIRE(desk->ear.hears("/legume/pong", std::string("legume " LEGUME_VERSION)));  // so all before it has come
    CHECK(desk->ear.count("/legume/error") >= 3);
    CHECK(desk->ear.count("/legume/error") < 5'000);
    CHECK(desk->own("fade", "position") == 0.5f);
}

TEST_CASE("one pattern moves thousands of params, each once") {
    std::string many = "legume: 1\nnodes:\n  out: {type: output}\n";
    for (int i = 0; i < 1'000; ++i) many += "  g" + std::to_string(i) + ": {type: gain, gain: -20 dB}\n";
    OscDesk desk(many + "wires: [g1 -> out]\n");
    for (int i = 0; i < 100; ++i) desk.take("/g*/{gain,}", {-10.0f});
    desk.osc.tick();
    CHECK(desk.controls.taken() == 1'000);
    CHECK(desk.own("g0", "gain") == -10);
    CHECK(desk.own("g999", "gain") == -10);
}

TEST_CASE("bundles nested a thousand deep and packets cut anywhere are answered, and what plays plays on") {
    Desk desk;
    Bytes nested = compose_osc("/td/mix", {0.9f});
    for (int i = 0; i < 1'000; ++i) {
        Bytes outer;
        add(outer, "#bundle", 8);
        add_word(outer, 0);
        add_word(outer, 1);
        add_word(outer, static_cast<std::uint32_t>(nested.size()));
        add(outer, nested.data(), nested.size());
        nested = std::move(outer);
    }
    desk->take(nested);
    CHECK(desk->ear.hears("/legume/error", std::string("an OSC bundle is nested deeper than 8")));
    const auto whole = touch_frame(1, {{"td/mix", {0.5f}}, {"tone/cutoff", {300}}});
    for (std::size_t size = 0; size < whole.size(); ++size)
        desk->take(Bytes(whole.begin(), whole.begin() + static_cast<long>(size)));
    desk->osc.tick();
    CHECK(desk->own("fade", "position") == 0.5f);  // was whole in some of them
    CHECK(desk->own("tone", "cutoff") == 1'000);
    CHECK(desk->osc.refused() > 50);
}

TEST_CASE("time tags of 1900 and 2036 are for now; honoured, a tag within a second waits for its time") {
    for (const bool honour : {false, true}) {
        Desk desk(honour);
        auto frame = touch_frame(0, {{"td/mix", {0.1f}}});
        desk->take(frame);
        desk->osc.tick();
        CHECK(desk->own("fade", "position") == 0.1f);
        frame = touch_frame(4294967295.5, {{"td/mix", {0.2f}}});
        desk->take(frame);
        desk->osc.tick();
        CHECK(desk->own("fade", "position") == 0.2f);
        desk->take(touch_frame(10, {{"td/mix", {0.3f}}}));
        desk->osc.tick();
        CHECK(desk->own("fade", "position") == 0.3f);
        desk->take(touch_frame(10.9, {{"td/mix", {0.4f}}}));
        if (!honour) {
            desk->osc.tick();
            CHECK(desk->own("fade", "position") == 0.4f);
            continue;
        }
        CHECK(desk->osc.patience() <= std::chrono::milliseconds(10));
        CHECK(eventually([&] {
            desk->osc.tick();
            return desk->own("fade", "position") == 0.4f;
        }));
    }
}

TEST_CASE("what the host does is told by name, from this computer; little of it from another") {
    Desk desk;
    int recorded = 0, silenced = 0;
    desk->commands.add({"record", "Records.", false, [&](const CommandArguments& arguments) {
                            ++recorded;
                            return arguments.empty() ? std::string() : "no such disk";
                        }});
    desk->commands.add({"panic", "Silence.", true, [&](const auto&) {
                            ++silenced;
                            return std::string();
                        }});
    desk->take("/legume/record", {});
    desk->take("/legume/record", {std::string("take.wav")});
    CHECK(desk->ear.hears("/legume/error", std::string("no such disk")));
    desk->take("/legume/recrod", {});
    CHECK(desk->ear.hears("/legume/error",
                          std::string("nothing answers at /legume/recrod; did you mean /legume/record?")));
    CHECK(recorded == 2);
    const OscPeer elsewhere{0xc0a80107, 9'999};
    const auto refused = desk->osc.refused();
    desk->osc.take({compose_osc("/legume/record", {}), elsewhere});
    desk->osc.take({compose_osc("/legume/stats", {}), elsewhere});
    CHECK(recorded == 2);
    CHECK(desk->osc.refused() == refused + 2);
    desk->osc.take({compose_osc("/legume/panic", {}), elsewhere});
    desk->osc.take({compose_osc("/td/mix", {0.5f}), elsewhere});
    desk->osc.tick();
    CHECK(silenced == 1);
    CHECK(desk->own("fade", "position") == 0.5f);
    CHECK(desk->osc.refused() == refused + 2);
}

TEST_CASE("stats come as one number at each address, to the port that was asked for") {
    Desk desk;
    Ear other;
    desk->osc.stats = [] { return OscControl::Numbers{{"late", 3}}; };
    desk->take("/td/mix", {0.5f});
    desk->take("/legume/reply-to", {std::int64_t{other.peer().port}});
    desk->take("/legume/reply-to", {0.5f});
    CHECK(other.hears("/legume/error", std::string("/legume/reply-to wants a port as a whole number, 1 to 65535")));
    desk->take("/legume/stats", {});
    CHECK(other.hears("/legume/stats/late", 3.0f));
    CHECK(other.hears("/legume/stats/osc-messages", 4.0f));
    CHECK(other.hears("/legume/stats/osc-refused", 1.0f));
}

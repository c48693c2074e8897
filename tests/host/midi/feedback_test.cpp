// What a controller is told of the params that it moves.
// SPDX-License-Identifier: MIT
#include "host/midi/feedback.h"

#include <doctest/doctest.h>

#include "host/patch/yaml.h"
#include "tests/harness.h"
#include "tests/host/midi/whole.h"

using namespace legume;
using Kind = MidiEvent::Kind;

namespace {

using Sent = std::vector<std::pair<std::string, std::vector<int>>>;

struct Desk {
    Runner runner{{48'000, 0, 2, 3, {}}};
    Controls controls{runner};
    test::Whole<MidiRouter> midi{controls};
    Sent sent;
    MidiFeedback feedback{
        midi, [this](auto port, auto bytes) { sent.emplace_back(port, std::vector<int>(bytes.begin(), bytes.end())); }};
    explicit Desk(const std::string& binding) {
        auto loaded = load_patch_text(
            "legume: 1\nnodes:\n  loop: {type: noise}\n  tone: {type: filter, cutoff: 1 kHz}\n"
            "  fade: {type: crossfade, position: 0}\n  out: {type: output}\n"
            "wires: [loop -> tone -> fade -> out]\nbindings:\n  - " +
                binding + "\n",
            "t.yaml");
        for (const auto& problem : loaded.problems) FAIL(to_string(problem));
        auto checked = check(std::move(loaded.patch), test::test_types());
        for (const auto& problem : checked.problems) FAIL(to_string(problem));
        for (const auto& problem : runner.edit(std::move(checked))) FAIL(to_string(problem));
        controls.bind();
    }
    // What goes out now.
    Sent out() {
        sent.clear();
        feedback.send();
        return sent;
    }
    void set(const char* name, float value) { controls.move(*controls.find(name), value, "osc"); }
};

}  // namespace

TEST_CASE("a ring shows the param, hears each change once, and none of its own") {
    Desk desk("{midi: {cc: 7, channel: 2, port: nano}, to: fade.position, feedback: true}");
    CHECK(desk.feedback.wanted());
    CHECK(desk.out() == Sent{{"nano", {0xb1, 7, 0}}});
    CHECK(desk.out().empty());
    desk.set("fade/position", 1);
    CHECK(desk.out() == Sent{{"nano", {0xb1, 7, 127}}});
    CHECK(desk.out().empty());
    desk.midi.take({Kind::cc, 2, 7, 127}, "nano 1");
    for (int value = 126; value > 20; --value) {
        desk.midi.take({Kind::cc, 2, 7, value}, "nano 1");
        CHECK(desk.out().empty());
    }
    desk.feedback.again();  // it was unplugged, or powered off
    CHECK(desk.out() == Sent{{"nano", {0xb1, 7, 21}}});
}

TEST_CASE("a fader that is not where the param is hears where that is") {
    Desk desk("{midi: {cc: 7}, to: fade.position, steps: 3, feedback: true}");
    (void)desk.out();
    desk.midi.take({Kind::cc, 4, 7, 50}, "nano");
    CHECK(desk.out() == Sent{{"", {0xb3, 7, 64}}});  // on the channel on which it came
    desk.set("fade/position", 0);
    CHECK(desk.out() == Sent{{"", {0xb3, 7, 0}}});
    desk.midi.take({Kind::cc, 4, 7, 100}, "nano");  // in pickup: it moves nothing
    CHECK(desk.out() == Sent{{"", {0xb3, 7, 0}}});
}

TEST_CASE("wide controls, keys and motor faders get their own numbers") {
    Desk wide("{midi: {cc: 1, bits: 14}, to: tone.cutoff, feedback: true}");
    (void)wide.out();
    wide.set("tone/cutoff", 20'000);
    CHECK(wide.out() == Sent{{"", {0xb0, 1, 127}}, {"", {0xb0, 33, 127}}});
    for (int fine = 0; fine < 128; ++fine) {  // along a curve and back, no echo
        wide.midi.take({Kind::cc, 1, 1, 127 - fine}, "a");
        wide.midi.take({Kind::cc, 1, 33, fine}, "a");
        CHECK(wide.out().empty());
    }
    Desk nrpn("{midi: {nrpn: 300}, to: fade.position, range: [1, 0], feedback: true}");
    CHECK(nrpn.out() == Sent{{"", {0xb0, 99, 2}}, {"", {0xb0, 98, 44}}, {"", {0xb0, 6, 127}}, {"", {0xb0, 38, 127}}});
    Desk pad("{midi: {note: 36}, to: fade.position, toggle: true, feedback: true}");
    CHECK(pad.out() == Sent{{"", {0x90, 36, 0}}});
    pad.midi.take({Kind::note_on, 1, 36, 9}, "a");
    CHECK(pad.out() == Sent{{"", {0x90, 36, 127}}});
    pad.midi.take({Kind::note_off, 1, 36, 0}, "a");  // many a pad puts its light out when it is let go
    CHECK(pad.out() == Sent{{"", {0x90, 36, 127}}});
    Desk motor("{midi: {bend: all, channel: 8}, to: fade.position, feedback: true}");
    CHECK(motor.out() == Sent{{"", {0xe7, 0, 0}}});
    motor.midi.take({Kind::bend, 8, 0, 0}, "a");
    CHECK(motor.out().empty());
    motor.set("fade/position", 1);
    CHECK(motor.out() == Sent{{"", {0xe7, 127, 127}}});
}

TEST_CASE("without feedback nothing is sent") {
    Desk desk("{midi: {cc: 7}, to: fade.position}");
    CHECK(!desk.feedback.wanted());
    desk.set("fade/position", 1);
    CHECK(desk.out().empty());
}

TEST_CASE("an input and the output beside it are told by their names") {
    CHECK(midi_port_pair("system:midi_capture_1") == midi_port_pair("system:midi_playback_1"));
    CHECK(midi_port_pair("system:midi_capture_1") != midi_port_pair("system:midi_playback_2"));
    CHECK(midi_port_pair("nanoKONTROL2:nanoKONTROL2 CTRL") == "nanoKONTROL2:nanoKONTROL2 CTRL");
}

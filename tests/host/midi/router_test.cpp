// Knobs, faders, encoders, pads and keys on a patch that plays, beside all else that moves it.
// SPDX-License-Identifier: MIT
#include "host/midi/router.h"

#include <doctest/doctest.h>

#include <set>

#include "host/patch/yaml.h"
#include "tests/harness.h"
#include "tests/host/midi/whole.h"

using namespace legume;
using Kind = MidiEvent::Kind;

namespace {

const char* const head = R"(legume: 1
nodes:
  tone: {type: filter, cutoff: 1 kHz}
  fade: {type: crossfade, position: 0.5}
  loop: {type: noise}
  go: {type: lfo}
  out: {type: output}
wires: [loop -> tone -> fade.a, go -> fade.b, fade -> out]
bindings:
)";

struct Desk {
    Runner runner{{48'000, 0, 2, 3, {}}};
    Controls controls{runner};
    test::Whole<MidiRouter> midi{controls};
    explicit Desk(const std::string& bindings) { edit(bindings); }
    void edit(const std::string& bindings, const std::string& text = head) {
        auto loaded = load_patch_text(text + bindings, "t.yaml");
        for (const auto& problem : loaded.problems) FAIL(to_string(problem));
        auto checked = check(std::move(loaded.patch), test::test_types());
        for (const auto& problem : checked.problems) FAIL(to_string(problem));
        for (const auto& problem : runner.edit(std::move(checked))) FAIL(to_string(problem));
        while (!runner.settled()) applied();
        controls.bind();
    }
    float own(const char* name) { return controls.find(name)->param()->own(); }
    float position() { return own("fade/position"); }
    void cc(int number, int value, const char* port = "keys") { midi.take({Kind::cc, 1, number, value}, port); }
    void note(int key, int velocity, const char* port = "keys") {
        midi.take({velocity ? Kind::note_on : Kind::note_off, 1, key, velocity}, port);
    }
    void scene(float position) { controls.move(*controls.find("fade/position"), position, "scene dark"); }
    std::vector<std::string> applied() {  // "target value", since the last call
        std::vector<std::string> all;
        runner.on_applied = [&](const Applied& a) { all.push_back(a.target); };
        float left[64], right[64];
        float* out[] = {left, right};
        runner.play(nullptr, 0, out, 2, 64);
        runner.tick();
        return all;
    }
};

}  // namespace

TEST_CASE("a fader in pickup jumps at first, waits once a scene has moved the param, and says where to go") {
    Desk desk("  - {midi: {cc: 1}, to: fade.position}\n");
    desk.cc(1, 127);
    CHECK(desk.position() == 1);
    desk.scene(0.25f);
    desk.cc(1, 120);
    CHECK(desk.position() == 0.25f);
    CHECK(desk.controls.last().starts_with("midi cc 1 at 0.94"));
    CHECK(desk.controls.last().ends_with(" waits for fade/position 0.25: turn it down"));
    desk.cc(1, 10);
    CHECK(desk.position() == doctest::Approx(10.0 / 127));
    desk.cc(1, 127);
    CHECK(desk.position() == 1);
}

TEST_CASE("a param that was moved before its fader ever was is picked up too") {
    Desk desk("  - {midi: {cc: 1}, to: fade.position}\n  - {midi: {cc: 2}, to: fade.position, mode: jump}\n");
    desk.scene(0.9f);
    desk.cc(1, 0);
    CHECK(desk.position() == 0.9f);
    desk.cc(2, 20);
    CHECK(desk.position() == doctest::Approx(20.0 / 127));
    desk.cc(1, 10);  // the other fader of the same param has it now
    CHECK(desk.position() == doctest::Approx(20.0 / 127));
    desk.cc(1, 64);
    CHECK(desk.position() == doctest::Approx(64.0 / 127));
}

TEST_CASE("an edit leaves a fader its param, unless it moves the param") {
    const std::string one = "  - {midi: {cc: 1}, to: fade.position}\n";
    Desk desk(one);
    desk.cc(1, 127);
    desk.applied();
    desk.edit(one + "  - {midi: {cc: 9}, to: tone.cutoff}\n");
    desk.cc(1, 100);
    CHECK(desk.position() == doctest::Approx(100.0 / 127));
    std::string text = head;
    text.replace(text.find("0.5"), 3, "0.1");
    desk.edit(one, text);
    REQUIRE(desk.position() == doctest::Approx(0.1));
    desk.cc(1, 90);
    CHECK(desk.position() == doctest::Approx(0.1));
}

TEST_CASE("a scaling fader goes the rest of its way to the end") {
    Desk desk("  - {midi: {cc: 1}, to: fade.position, mode: scale}\n");
    desk.cc(1, 64);
    CHECK(desk.position() == 0.5f);
    desk.cc(1, 127);
    CHECK(desk.position() == 1);
    desk.scene(0.2f);
    desk.cc(1, 0);
    CHECK(desk.position() == 0);
}

TEST_CASE("a fader that was unplugged waits when it returns, and keys that it held are let go") {
    Desk desk("  - {midi: {cc: 1}, to: fade.position}\n  - {midi: {note: 60}, to: tone.cutoff}\n");
    desk.cc(1, 0, "nano");
    desk.note(60, 127, "nano");
    desk.note(61, 100, "other");
    CHECK(desk.own("tone/cutoff") == 20'000);
    desk.midi.lose("nano");
    CHECK(desk.own("tone/cutoff") == 20);
    desk.cc(1, 100, "nano");
    CHECK(desk.position() == 0);
    desk.cc(1, 0, "nano");
    desk.cc(1, 50, "nano");
    CHECK(desk.position() == doctest::Approx(50.0 / 127));
}

TEST_CASE("three dialects of encoders turn a param, from wherever it is") {
    Desk desk(R"(  - {midi: {cc: 1, relative: twos}, to: fade.position, step: 1 %}
  - {midi: {cc: 2, relative: offset}, to: fade.position, step: 0.01}
  - {midi: {cc: 3, relative: sign}, to: fade.position, step: 0.1}
  - {midi: {cc: 4, relative: twos}, to: fade.position, steps: 5}
)");
    desk.cc(1, 1);
    CHECK(desk.position() == doctest::Approx(0.51));
    desk.cc(1, 127);
    desk.cc(1, 126);
    CHECK(desk.position() == doctest::Approx(0.48));
    desk.cc(2, 66);
    desk.cc(2, 63);
    CHECK(desk.position() == doctest::Approx(0.49));
    desk.cc(3, 1);
    CHECK(desk.position() == doctest::Approx(0.59));
    desk.cc(3, 66);
    CHECK(desk.position() == doctest::Approx(0.39));
    desk.scene(0.37f);
    desk.cc(3, 1);
    CHECK(desk.position() == doctest::Approx(0.47));
    for (int i = 0; i < 20; ++i) desk.cc(3, 1);
    CHECK(desk.position() == 1);
    desk.cc(4, 127);
    CHECK(desk.position() == 0.75f);
    // The same place again by the same encoder, after something else was there: a click is always a change.
    desk.scene(1);
    desk.cc(4, 127);
    CHECK(desk.position() == 0.75f);
}

TEST_CASE("a pad toggles or holds, and a fader of steps stops at each") {
    Desk desk(R"(  - {midi: {note: 36}, to: fade.position, range: [0.2, 0.8], toggle: true}
  - {midi: {cc: 5}, to: fade.position, momentary: true}
  - {midi: {cc: 6}, to: tone.cutoff, range: [100 Hz, 10 kHz], steps: 3}
)");
    desk.scene(0.3f);
    desk.note(36, 1);
    CHECK(desk.position() == doctest::Approx(0.8));
    desk.note(36, 0);
    CHECK(desk.position() == doctest::Approx(0.8));
    desk.note(36, 90);
    CHECK(desk.position() == doctest::Approx(0.2));
    desk.scene(0.7f);
    desk.note(36, 0);
    desk.note(36, 90);  // what it said last, and yet a press
    CHECK(desk.position() == doctest::Approx(0.2));
    desk.cc(5, 127);
    CHECK(desk.position() == 1);
    desk.cc(5, 100);
    desk.cc(5, 0);
    CHECK(desk.position() == 0);
    std::set<int> places;
    for (int i = 0; i < 128; ++i) {
        desk.cc(6, i);
        places.insert(static_cast<int>(desk.own("tone/cutoff") + 0.5f));
    }
    CHECK(places == std::set<int>{100, 1'000, 10'000});
}

TEST_CASE("wide controllers, pressure, the wheel and program changes move params; a program fires a trigger") {
    Desk desk(R"(  - {midi: {cc: 1, bits: 14}, to: fade.position}
  - {midi: {nrpn: 300}, to: tone.cutoff, range: [100 Hz, 200 Hz], curve: linear, mode: jump}
  - {midi: {rpn: 1}, to: tone.cutoff, range: [200 Hz, 300 Hz], curve: linear, mode: jump}
  - {midi: {pressure: all}, to: go.phase}
  - {midi: {pressure: 61}, to: go.phase}
  - {midi: {bend: all, channel: 2}, to: go.phase}
  - {midi: {program: all}, to: loop.gain, range: [-12 dB, 0 dB], steps: 4, curve: linear}
  - {midi: {program: 5}, to: go.reset}
)");
    desk.cc(1, 64);
    desk.cc(33, 1);
    CHECK(desk.position() == doctest::Approx((64 * 128 + 1) / 16383.0));
    desk.cc(99, 300 / 128);
    desk.cc(98, 300 % 128);
    desk.cc(6, 127);
    CHECK(desk.own("tone/cutoff") == 200);
    desk.cc(38, 0);
    CHECK(desk.own("tone/cutoff") == doctest::Approx(100 + 100 * (127 * 128) / 16383.0));
    desk.cc(101, 0);
    desk.cc(100, 1);
    desk.cc(6, 0);
    CHECK(desk.own("tone/cutoff") == 200);
    CHECK(desk.midi.refused() == 0);
    desk.midi.take({Kind::pressure, 1, 0, 127}, "keys");
    CHECK(desk.own("go/phase") == 1);
    desk.midi.take({Kind::key_pressure, 1, 60, 0}, "keys");
    CHECK(desk.own("go/phase") == 1);
    desk.midi.take({Kind::key_pressure, 1, 61, 0}, "keys");
    CHECK(desk.own("go/phase") == 0);
    desk.midi.take({Kind::bend, 1, 0, 8191}, "keys");
    CHECK(desk.own("go/phase") == 0);
    desk.midi.take({Kind::bend, 2, 0, 0}, "keys");
    CHECK(desk.own("go/phase") == 0.5f);
    desk.applied();
    desk.midi.take({Kind::program, 1, 2, 0}, "keys");
    CHECK(desk.own("loop/gain") == doctest::Approx(-4));
    CHECK(desk.applied() == std::vector<std::string>{"loop/gain"});
    desk.midi.take({Kind::program, 1, 5, 0}, "keys");
    CHECK(desk.own("loop/gain") == 0);
    CHECK(desk.applied() == std::vector<std::string>{"loop/gain", "go/reset"});
    desk.cc(99, 1);
    desk.cc(98, 1);
    desk.cc(6, 1);
    CHECK(desk.controls.last() == "midi nrpn 129 is bound to nothing");
}

TEST_CASE("panic lets go what is held, of one channel or of all, and fires nothing") {
    Desk desk("  - {midi: {note: 60}, to: fade.position}\n  - {midi: {note: 60}, to: go.reset}\n");
    for (const int controller : {120, 123}) {
        desk.note(60, 127);
        CHECK(desk.position() == 1);
        desk.applied();
        desk.midi.take({Kind::cc, 2, controller, 0}, "keys");
        CHECK(desk.position() == 1);
        desk.cc(controller, 0);
        CHECK(desk.position() == 0);
        CHECK(desk.applied() == std::vector<std::string>{"fade/position"});
    }
    desk.note(60, 127);
    desk.midi.silence();
    CHECK(desk.position() == 0);
    CHECK(desk.midi.refused() == 0);
}

TEST_CASE("a flood of controllers loses nothing but what is newer at once") {
    Desk desk("  - {midi: {cc: 1}, to: fade.position}\n");
    for (int i = 0; i < 100'000; ++i) desk.cc(1, i % 100);
    desk.cc(1, 127);
    CHECK(desk.position() == 1);
    CHECK(desk.runner.control().lost() == 0);
    CHECK(desk.applied() == std::vector<std::string>{"fade/position"});
}

TEST_CASE("what is bound twice moves both, and what an edit unbinds moves nothing") {
    const std::string both = "  - {midi: {cc: 1}, to: fade.position}\n  - {midi: {cc: 1}, to: tone.cutoff}\n";
    Desk desk(both);
    desk.cc(1, 127);
    CHECK(desk.position() == 1);
    CHECK(desk.own("tone/cutoff") == 20'000);
    desk.edit("  - {midi: {cc: 1}, to: tone.cutoff}\n");
    desk.cc(1, 0);
    CHECK(desk.position() == 1);
    CHECK(desk.own("tone/cutoff") == 20);
}

TEST_CASE("data increment and decrement turn what an NRPN is bound to, from wherever it stands") {
    Desk desk("  - {midi: {nrpn: 300}, to: fade.position, steps: 11}\n");
    desk.cc(99, 2);
    desk.cc(98, 44);
    desk.cc(96, 0);
    CHECK(desk.position() == doctest::Approx(0.6));
    desk.scene(0.2f);  // another hand's is where it goes on
    desk.cc(97, 0);
    desk.cc(97, 0);
    CHECK(desk.position() == doctest::Approx(0).epsilon(0.001));
    desk.cc(97, 0);
    CHECK(desk.position() == 0);
    desk.cc(96, 0);
    CHECK(desk.position() == doctest::Approx(0.1));
}

// From a knob or a message to the value that a param takes.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "host/midi/router.h"
#include "host/osc/router.h"
#include "host/patch/yaml.h"
#include "nodes/registry.h"
#include "tests/harness.h"
#include "tests/host/midi/whole.h"

using namespace legume;

namespace {

struct Desk {
    test::Folder folder;
    Runner runner{{48'000, 0, 2, 3, {}}};
    Controls controls{runner};
    test::Whole<MidiRouter> midi{controls};
    OscRouter osc_router{controls};
    Desk() {
        test::write_wav(folder / "a.wav", {test::sine(330, 48'000, 4'800, 0.3f)}, 48'000);
        auto loaded = load_patch_text(R"(legume: 1
nodes:
  tone: {type: filter, cutoff: 1 kHz}
  fade: {type: crossfade}
  loop: {type: player, file: )" + (folder / "a.wav").string() +
                                          R"(}
  out: {type: output}
wires: [loop -> tone -> fade.a, fade -> out]
bindings:
  - {midi: {cc: 1}, to: tone.cutoff, range: [100 Hz, 10 kHz]}
  - {midi: {cc: 2, channel: 3}, to: fade.position}
  - {midi: {cc: 4, port: nano}, to: fade.position, range: [1, 0]}
  - {midi: {cc: 5}, to: loop.start}
  - {midi: {note: 36}, to: loop.stop}
  - {midi: {note: 37}, to: fade.position, range: [0.2, 0.8]}
  - {midi: {cc: 6}, to: tone.cutoff, range: [10 kHz, 100 Hz], curve: linear}
  - {midi: {cc: 7}, to: loop.speed, range: [0.5, 2], curve: log}
  - {osc: /td/mix, to: fade.position}
  - {osc: /td/bright, to: tone.cutoff, curve: linear}
  - {osc: /td/scaled, to: tone.cutoff, range: [100 Hz, 10 kHz], from: [0, 10]}
)",
                                      "t.yaml");
        for (const auto& problem : loaded.problems) FAIL(to_string(problem));
        auto checked = check(std::move(loaded.patch), node_types());
        for (const auto& problem : checked.problems) FAIL(to_string(problem));
        REQUIRE(runner.edit(std::move(checked)).empty());
        controls.bind();
        osc_router.bind();
    }
    float own(const char* node, const char* param) {
        return static_cast<Param*>(runner.find(node)->find(param))->own();
    }
    void cc(int number, int value, int channel = 1, const char* port = "keys") {
        midi.take({MidiEvent::Kind::cc, channel, number, value}, port);
    }
    std::string osc(const std::string& address, std::vector<OscArgument> args) {
        return osc_router.take({address, std::move(args)});
    }
    int fired() {  // triggers applied since the last call
        int count = 0;
        runner.on_applied = [&](const Applied& a) { count += a.target.rfind("loop/", 0) == 0; };
        float left[64], right[64];
        float* out[] = {left, right};
        runner.play(nullptr, 0, out, 2, 64);
        runner.tick();
        return count;
    }
};

}  // namespace

TEST_CASE("a controller covers its range from end to end, along the param's curve") {
    Desk desk;
    desk.cc(1, 0);
    CHECK(desk.own("tone", "cutoff") == doctest::Approx(100));
    desk.cc(1, 127);
    CHECK(desk.own("tone", "cutoff") == doctest::Approx(10'000));
    desk.cc(1, 64);
    CHECK(desk.own("tone", "cutoff") == doctest::Approx(1'018).epsilon(0.01));  // half way in octaves
    CHECK(desk.controls.last() == "midi cc 1 > tone/cutoff 1.0183 kHz");
    desk.cc(4, 127, 1, "nanoKONTROL2");
    CHECK(desk.own("fade", "position") == 0);  // a range written backwards turns the knob round
}

TEST_CASE("a binding's own curve takes the place of the param's") {
    Desk desk;
    const float half = 64.0f / 127;
    desk.cc(6, 64);
    CHECK(desk.own("tone", "cutoff") == doctest::Approx(10'000 - half * 9'900));
    desk.cc(6, 0);
    CHECK(desk.own("tone", "cutoff") == 10'000);
    desk.cc(7, 64);
    CHECK(desk.own("loop", "speed") == doctest::Approx(0.5 * std::pow(4.0, half)));  // half way is as written, unbent
    desk.cc(7, 127);
    CHECK(desk.own("loop", "speed") == 2);
    CHECK(desk.osc("/td/bright", {0.5f}) == "");  // with a curve, 0 to 1 is what arrives
    CHECK(desk.own("tone", "cutoff") == doctest::Approx(10'010));
}

TEST_CASE("a binding to one channel or one port hears no other") {
    Desk desk;
    desk.cc(2, 127, 1);
    CHECK(desk.own("fade", "position") == 0.5f);
    desk.cc(4, 0, 1, "keys");
    CHECK(desk.own("fade", "position") == 0.5f);
    CHECK(desk.midi.refused() == 2);
    desk.cc(2, 127, 3);
    CHECK(desk.own("fade", "position") == 1);
}

TEST_CASE("notes and switches fire triggers once a press") {
    Desk desk;
    desk.fired();
    desk.midi.take({MidiEvent::Kind::note_on, 1, 36, 100}, "keys");
    desk.midi.take({MidiEvent::Kind::note_off, 1, 36, 0}, "keys");
    CHECK(desk.fired() == 1);
    desk.cc(5, 127);
    desk.cc(5, 127);
    CHECK(desk.fired() == 1);
    desk.cc(5, 0);
    desk.cc(5, 127);
    CHECK(desk.fired() == 1);
}

TEST_CASE("a note holds a param at its velocity and lets it fall back") {
    Desk desk;
    desk.midi.take({MidiEvent::Kind::note_on, 1, 37, 127}, "keys");
    CHECK(desk.own("fade", "position") == doctest::Approx(0.8));
    desk.midi.take({MidiEvent::Kind::note_off, 1, 37, 0}, "keys");
    CHECK(desk.own("fade", "position") == doctest::Approx(0.2));
}

TEST_CASE("every param answers OSC in its own unit, at /unit from 0 to 1, and where a binding says") {
    Desk desk;
    CHECK(desk.osc("/tone/cutoff", {440.0f}) == "");
    CHECK(desk.own("tone", "cutoff") == 440);
    CHECK(desk.osc("/unit/tone/cutoff", {1.0f}) == "");
    CHECK(desk.own("tone", "cutoff") == 20'000);
    CHECK(desk.osc("/td/mix", {std::int64_t{1}}) == "");
    CHECK(desk.own("fade", "position") == 1);
    CHECK(desk.osc("/td/scaled", {5.0f}) == "");
    CHECK(desk.own("tone", "cutoff") == doctest::Approx(1'000));
    CHECK(desk.osc("/td/mix", {0.1f, 0.2f, 0.3f, 0.4f}) == "");  // TouchDesigner's Time Slice: the last is now
    CHECK(desk.own("fade", "position") == doctest::Approx(0.4));
    CHECK(desk.osc("/fade/pos*", {0.9}) == "");
    CHECK(desk.own("fade", "position") == doctest::Approx(0.9));
    desk.fired();
    CHECK(desk.osc("/loop/start", {}) == "");
    CHECK(desk.osc("/loop/start", {1.0f}) == "");
    CHECK(desk.osc("/loop/start", {0.0f}) == "");  // the button's release
    CHECK(desk.osc("/loop/start", {true}) == "");
    CHECK(desk.fired() == 3);
}

TEST_CASE("what is wrong with a message is said, and moves nothing") {
    Desk desk;
    CHECK(desk.osc("/tone/cutof", {1.0f}) == "nothing answers at /tone/cutof; did you mean /tone/cutoff?");
    CHECK(desk.osc("/tone/cutoff", {std::string("high")}) == "/tone/cutoff wants a number, 20 Hz to 20 kHz");
    CHECK(desk.osc("/tone/cutoff", {}) == "/tone/cutoff wants a number, 20 Hz to 20 kHz");
    CHECK(desk.osc("/tone/cutoff", {std::numeric_limits<float>::quiet_NaN()}) ==
          "/tone/cutoff was sent a value that is not a finite number");
    CHECK(desk.osc("/tone/cutoff", {std::numeric_limits<double>::infinity()}) ==
          "/tone/cutoff was sent a value that is not a finite number");
    CHECK(desk.own("tone", "cutoff") == 1'000);
    CHECK(desk.osc("/tone/cutoff", {1e9f}) == "");  // far outside: held at the end
    CHECK(desk.own("tone", "cutoff") == 20'000);
    CHECK(desk.osc_router.refused() == 5);
}

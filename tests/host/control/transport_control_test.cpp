// Taps, MIDI clock and quantised pads, through the real queue, by where the transport is.
// SPDX-License-Identifier: MIT
#include "host/control/transport_control.h"

#include <doctest/doctest.h>

#include <cmath>

#include "host/midi/router.h"
#include "host/osc/router.h"
#include "host/patch/yaml.h"
#include "nodes/dsp/random.h"
#include "nodes/registry.h"
#include "tests/harness.h"
#include "tests/host/midi/whole.h"

using namespace legume;

namespace {

Checked load(const std::string& text) {
    auto loaded = load_patch_text(text, "t.yaml");
    for (const auto& problem : loaded.problems) FAIL(to_string(problem));
    auto checked = check(std::move(loaded.patch), node_types());
    for (const auto& problem : checked.problems) FAIL(to_string(problem));
    return checked;
}

// A session whose clock is the frames it has played, as on a device of 64 frames that never fails.
struct Stage {
    Runner runner{{48'000, 0, 2, 3, {}}};
    Controls controls{runner};
    Commands commands;
    test::Whole<MidiRouter> midi{controls};
    OscRouter osc{controls};
    std::vector<std::string> said;
    std::vector<Applied> applied;
    std::unique_ptr<TransportControl> transport;

    explicit Stage(const std::string& top = "") {
        REQUIRE(runner.edit(load(patch(top))).empty());
        runner.on_applied = [this](const Applied& line) { applied.push_back(line); };
        controls.bind();
        osc.bind();
        transport = std::make_unique<TransportControl>(
            controls, commands, [this](const std::string& line) { said.push_back(line); }, [this] { return now(); },
            [this] {
                auto moment = runner.moment();
                moment.seconds = static_cast<double>(moment.frame) / 48'000;
                return moment;
            });
    }
    static std::string patch(const std::string& top) {
        return "legume: 1\n" + top + R"(nodes:
  l: {type: lfo, shape: saw}
  out: {type: output}
wires: [l -> out]
bindings:
  - {midi: {note: 36}, to: l.reset, quantise: 1 bar}
  - {osc: /pad, to: l.reset, quantise: 1/4}
  - {midi: {note: 37}, to: transport.tap}
  - {midi: {cc: 1}, to: transport.tempo, range: [60, 180]}
)";
    }
    double now() const { return static_cast<double>(runner.frames()) / 48'000; }
    TransportTime time() {
        return runner.moment().time;  // at the start of the last callback
    }
    void play(double seconds) {
        float left[64], right[64];
        float* out[] = {left, right};
        for (const double end = now() + seconds; now() < end - 1e-9;) {
            runner.play(nullptr, 0, out, 2, 64);
            runner.tick();
        }
    }
    std::vector<std::uint64_t> fired(const std::string& target) const {
        std::vector<std::uint64_t> frames;
        for (const auto& line : applied)
            if (line.target == target) frames.push_back(line.frame);
        return frames;
    }
};

}  // namespace

TEST_CASE("a pad and an OSC button that are quantised fire at the frame of the bar and of the beat") {
    Stage stage("tempo: 100\nmeter: 3/4\n");  // a beat is 28,800 frames, a bar three of them
    stage.play(0.1);
    stage.midi.take({MidiEvent::Kind::note_on, 1, 36, 100}, "pads");
    CHECK(stage.osc.take({"/pad", {1.0f}}) == "");
    stage.play(2);
    CHECK(stage.fired("l/reset") == std::vector<std::uint64_t>{28'800, 86'400});
}

TEST_CASE("a quantised trigger of a node that an edit takes away never fires, and the transport goes on") {
    Stage stage;
    stage.play(0.1);
    stage.midi.take({MidiEvent::Kind::note_on, 1, 36, 100}, "pads");
    REQUIRE(stage.runner.edit(load("legume: 1\nnodes: {out: {type: output}}\n")).empty());
    stage.play(3);
    CHECK(stage.runner.settled());
    CHECK(stage.fired("l/reset").empty());
    CHECK(stage.time().beat > 5);
}

TEST_CASE("the tempo is anybody's: the patch, a knob, OSC and taps, and an edit of something else leaves it alone") {
    Stage stage("tempo: 96\n");
    stage.play(0.1);
    CHECK(stage.time().tempo == 96);
    stage.midi.take({MidiEvent::Kind::cc, 1, 1, 127}, "keys");
    stage.play(0.1);
    CHECK(stage.time().tempo == 180);
    REQUIRE(stage.runner.edit(load(Stage::patch("title: Other\ntempo: 96\n"))).empty());
    stage.play(0.1);
    CHECK(stage.time().tempo == 180);
    REQUIRE(stage.runner.settled());
    REQUIRE(stage.runner.edit(load(Stage::patch("tempo: 100\n"))).empty());
    stage.play(0.1);
    CHECK(stage.time().tempo == 100);
    CHECK(stage.osc.take({"/transport/tempo", {0.0f}}) == "");  // no music is that slow
    stage.play(0.1);
    CHECK(stage.time().tempo == 10);
    for (int i = 0; i < 4; ++i) {
        stage.midi.take({MidiEvent::Kind::note_on, 1, 37, 100}, "pads");
        stage.play(0.4);
    }
    CHECK(stage.time().tempo == doctest::Approx(150).epsilon(0.001));
    stage.play(3);
    CHECK(stage.commands.run("tap", {}) == "");
    stage.play(0.6);
    CHECK(stage.commands.run("tap", {}) == "");
    stage.play(0.1);
    CHECK(stage.time().tempo == doctest::Approx(100).epsilon(0.001));
    CHECK(stage.commands.run("locate", {32.0}) == "");
    stage.play(0.1);
    CHECK(stage.commands.run("locate", {32.0}) == "");  // the same beat is another place by now
    stage.play(64 / 48'000.0 * 2);
    CHECK(stage.time().beat == doctest::Approx(32).epsilon(0.001));
    CHECK(stage.commands.run("locate", {-1.0}) == "/legume/locate wants a beat, 0 beats to 65536 beats");
    CHECK(stage.commands.run("locate", {std::string("chorus")}) ==
          "/legume/locate wants a beat, 0 beats to 65536 beats");
}

TEST_CASE("MIDI clock leads the transport in tempo and beat, without a jump once it runs") {
    for (const double tempo : {120.0, 87.5}) {
        Stage stage("tempo: 100\nclock: midi\n");
        double worst = 0, largest_step = 0, before = 0;
        int ticks = 0;
        const auto send = [&](MidiEvent::Kind kind, int value = 0) {
            stage.transport->take({kind, 0, 0, value}, "drum machine", stage.now());
        };
        send(MidiEvent::Kind::start);
        const double begin = stage.now();
        double late = 0;
        while (stage.now() < begin + 20) {
            while (stage.now() >= begin + ticks * 60 / (24 * tempo) + late) {
                send(MidiEvent::Kind::clock);
                ++ticks;
                late = 0.008 * dsp::random_uniform(7, 0, static_cast<std::uint64_t>(ticks));
            }
            stage.play(64 / 48'000.0);
            stage.transport->tick();
            const auto time = stage.time();
            if (stage.now() > begin + 6) {
                const double truth = (stage.runner.moment().frame / 48'000.0 - begin - 0.004) * tempo / 60;
                worst = std::max(worst, std::abs(time.beat - truth));
                largest_step = std::max(largest_step, std::abs(time.beat - before - 64 * tempo / 60 / 48'000));
            }
            before = time.beat;
        }
        MESSAGE("beat within " << worst << " of the sender's, from 6 s on");
        CHECK(worst < 0.03);
        CHECK(largest_step < 0.06 * 64 * tempo / 60 / 48'000);  // it bends by 5 % at the most
        CHECK(stage.time().tempo == doctest::Approx(tempo).epsilon(0.01));

        stage.play(2);  // nothing comes any more
        stage.transport->tick();
        stage.play(0.1);
        CHECK(stage.time().tempo == doctest::Approx(tempo).epsilon(0.005));
        CHECK(stage.time().running);
        CHECK(stage.said.back().starts_with("MIDI clock: nothing for half a second; going on at "));
        send(MidiEvent::Kind::stop);
        stage.play(0.1);
        CHECK_FALSE(stage.time().running);
        send(MidiEvent::Kind::song_position, 16'383);
        send(MidiEvent::Kind::resume);
        send(MidiEvent::Kind::clock);
        stage.play(0.1);
        CHECK(stage.time().running);
        CHECK(stage.time().beat == doctest::Approx(16'383 / 4.0 + 0.1 * tempo / 60).epsilon(0.0001));
    }
}

TEST_CASE("without `clock: midi`, or from another port, a MIDI clock moves nothing") {
    Stage plain("tempo: 100\n"), other("tempo: 100\nclock: {from: midi, port: drum}\n");
    for (auto* stage : {&plain, &other}) {
        for (int i = 0; i < 100; ++i) {
            stage->transport->take({MidiEvent::Kind::clock}, "keys", stage->now());
            stage->play(0.02);
        }
        stage->transport->take({MidiEvent::Kind::stop}, "keys", stage->now());
        stage->play(0.02);
        CHECK(stage->time().tempo == 100);
        CHECK(stage->time().running);
    }
}

TEST_CASE("the status line counts bars and beats as players do, from 1") {
    const auto at = [](double beat, double bar_beats, bool running = true) {
        TransportTime time;
        time.tempo = 96.04;
        time.beat = beat;
        time.bar_beats = bar_beats;
        time.running = running;
        return print_time(time);
    };
    CHECK(at(0, 4) == "1.1 at 96 bpm");
    CHECK(at(3.9999, 4) == "1.4 at 96 bpm");
    CHECK(at(3.9999999, 4) == "2.1 at 96 bpm");
    CHECK(at(46.5, 4) == "12.3 at 96 bpm");
    CHECK(at(3, 3) == "2.1 at 96 bpm");
    CHECK(at(3, 3, false) == "halted");
}

// The live path for real, on a JACK server without a sound card: knobs, faders, edits and signals, by what is heard.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <mutex>

#include "host/osc/osc.h"
#include "host/osc/socket.h"
#include "nodes/sound/sound_file.h"
#include "tests/folder.h"
#include "tests/live/jack.h"
#include "tests/live/stage.h"

using namespace legume;
using namespace legume::test;

namespace {

const std::string patch_text = two_sounds + R"(bindings:
  - {midi: {cc: 1}, to: tone.cutoff, range: [200 Hz, 8 kHz]}
  - {osc: /td/mix, to: blend.position}
)";

void print_played(Child& legume) {
    for (const auto& line : legume.lines())
        if (line.starts_with("Played")) MESSAGE(line);
}

}  // namespace

TEST_CASE("a knob, a fader and an edit are heard, and SIGTERM ends with a fade") {
    const JackServer server;
    JackClient performer;
    Stage stage(patch_text);
    Child legume(stage.command({"--record", (stage.folder / "take.wav").string()}));
    REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
    CHECK(legume.output().find("Playing on system (JACK") != std::string::npos);
    REQUIRE(performer.play_into("legume:midi_in"));
    REQUIRE(performer.listen_to("legume-audio:out_0"));

    // A bright saw, before any hand moves.
    REQUIRE(stage.heard([](const Samples& x) { return rms(x) > 0.05 && centroid(x, rate) > 1'000; }));
    const auto bright = stage.recorded();
    CHECK(beep(part(bright, bright.size() - quarter, quarter), 1'000) < 0.02);

    performer.cc(1, 0);  // the knob down: its 200 Hz
    CHECK(stage.heard([](const Samples& x) { return rms(x) > 0.02 && centroid(x, rate) < 400; }));

    const auto fader = std::to_string(stage.port);
    CHECK(Child({"oscsend", "localhost", fader, "/td/mix", "f", "1.0"}).wait() == 0);
    CHECK(stage.heard([](const Samples& x) { return beep(x, 1'000) > 0.45 && beep(x, 110) < 0.01; }));
    CHECK(Child({"oscsend", "localhost", fader, "/beep/frequency", "f", "1500"}).wait() == 0);
    const auto plays_on = [](const Samples& x) { return beep(x, 1'500) > 0.45 && beep(x, 1'000) < 0.02; };
    CHECK(stage.heard(plays_on));

    SUBCASE("nonsense is answered and changes nothing") {
        OscHand hand(stage.port);
        const auto from = stage.recorded().size();
        hand.send("/legume/ping", {});
        CHECK(hand.hears("/legume/pong", "legume "));
        hand.send("/beep/frequenzy", {2'000.0f});
        CHECK(hand.hears("/legume/error", "/beep/frequency"));
        hand.send("/beep/frequency", {std::numeric_limits<float>::quiet_NaN()});
        CHECK(hand.hears("/legume/error", "not a finite number"));
        hand.send("/beep/frequency", {std::string("high")});
        CHECK(hand.hears("/legume/error", "wants a number"));
        hand.send({});
        hand.send({'/', 'b', 'e', 'e', 'p'});
        hand.send(std::vector<std::uint8_t>(60'000, 0xff));
        auto cut = compose_osc("/beep/frequency", {2'000.0f});
        cut.resize(cut.size() - 3);
        hand.send(cut);
        hand.send("/legume/reply-to", {70'000.0f});
        CHECK(hand.hears("/legume/error", "/legume/reply-to wants a port"));
        const auto sound = stage.since(from);
        REQUIRE(!sound.empty());
        CHECK(plays_on(sound));
        CHECK(legume.running());

        // A sender that cannot hear on the port that it sends from, as Max cannot.
        std::atomic<int> answers{0};
        const OscSocket elsewhere(OscSocket::Listen::loopback, 0, [&](auto, const auto&) { ++answers; });
        hand.send("/legume/reply-to", {std::int64_t{elsewhere.port()}});
        hand.send("/legume/ping", {});
        CHECK(eventually([&] { return answers > 0; }));
    }
    SUBCASE("a broken edit is said with its place and leaves the sound as it was; a good one does not click") {
        auto from = stage.recorded().size();
        stage.write(replaced(patch_text, "- blend -> out", "- blend -> out.sideways"));
        CHECK_MESSAGE(legume.says("patch.yaml:13:14: output has no "), legume.output());
        auto sound = stage.since(from);
        REQUIRE(!sound.empty());
        CHECK(plays_on(sound));
        const double own_step = largest_step(sound);
        CHECK(own_step < 0.12);  // a sine of 1500 Hz that reaches to 0.5

        from = stage.recorded().size();
        auto text = replaced(patch_text, "cutoff: 8 kHz", "cutoff: 8 kHz, resonance: 0.4");
        text = replaced(text, "  out: ", "  low:   {type: oscillator, frequency: 300 Hz, gain: -20 dB}\n  out: ");
        stage.write(replaced(text, "- blend -> out", "- blend -> out\n  - low -> out"));
        CHECK_MESSAGE(legume.says("Reloaded: added low"), legume.output());
        CHECK(stage.heard([&](const Samples& x) { return beep(x, 300) > 0.08 && plays_on(x); }));
        sound = stage.since(from);
        REQUIRE(!sound.empty());
        CHECK(largest_step(sound) < own_step * 1.15);

        from = stage.recorded().size();
        stage.write(patch_text);
        CHECK_MESSAGE(legume.says("removed low"), legume.output());
        CHECK(stage.heard([&](const Samples& x) { return beep(x, 300) < 0.001 && plays_on(x); }));
        sound = stage.since(from);
        REQUIRE(!sound.empty());
        CHECK(largest_step(sound) < own_step * 1.15);
    }

    const auto before = performer.heard().size();
    REQUIRE(eventually([&] { return performer.heard().size() > before + quarter; }));
    legume.signal(SIGTERM);
    CHECK(legume.wait() == 0);
    const auto lines = legume.lines();
    REQUIRE(lines.size() >= 3);
    CHECK(lines[lines.size() - 3].starts_with("Played "));
    CHECK(lines[lines.size() - 2].starts_with("The show is in "));
    CHECK(lines.back().starts_with("Recorded "));
    print_played(legume);
    CHECK(!std::filesystem::exists(stage.folder / "take.part.wav"));
    CHECK(read_sound(stage.folder / "take.wav").frames() >= bright.size());

    // What the loudspeakers got: the sound, then 0.3 s of a fade, then nothing.
    const auto got = performer.heard();
    const double full = rms(part(got, before, quarter));
    CHECK(full > 0.2);
    int fading = 0;
    for (std::size_t at = before + quarter; at + 256 <= got.size(); at += 256) {
        const double loud = rms(part(got, at, 256));
        fading += loud > 0.03 * full && loud < 0.9 * full;
    }
    CHECK(fading > 20);  // of the fade's 56 periods, those well between
}

TEST_CASE("SIGINT ends it, and --seconds does") {
    const JackServer server;
    Stage stage(patch_text);
    for (const bool by_hand : {true, false}) {
        Child legume(stage.command(by_hand ? std::vector<std::string>{} : std::vector<std::string>{"--seconds", "1"}));
        REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
        if (by_hand) legume.signal(SIGINT);
        CHECK(legume.wait() == 0);
        const auto lines = legume.lines();
        REQUIRE(lines.size() >= 2);
        CHECK(lines[lines.size() - 2].starts_with("Played "));
    }
}

TEST_CASE("a port in use is said with its number, and an older take is not touched") {
    const JackServer server;
    Stage stage(patch_text);
    const OscSocket other(OscSocket::Listen::loopback, stage.port, [](auto, const auto&) {});
    const auto take = stage.folder / "take.wav";
    write_wav(take, {sine(440, rate, 4'800)}, rate);
    Child legume(stage.command({"--record", take.string()}));
    CHECK(legume.wait() == 1);
    CHECK_MESSAGE(legume.output().find("UDP port " + std::to_string(stage.port) + " is in use") != std::string::npos,
                  legume.output());
    CHECK(stage.recorded().size() == 4'800);
}

TEST_CASE("when the sound server dies the patch plays on, and says so") {
    JackServer server;
    Stage stage(patch_text);
    Child legume(stage.command({"--record", (stage.folder / "take.wav").string()}));
    REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
    REQUIRE(eventually([&] { return stage.recorded().size() >= 48'000; }));
    server.crash();
    CHECK_MESSAGE(legume.says("is gone; playing on without sound"), legume.output());
    const auto from = stage.recorded().size();
    CHECK(!stage.since(from).empty());
    OscHand hand(stage.port);
    hand.send("/td/mix", {1.0f});
    CHECK(stage.heard([](const Samples& x) { return beep(x, 1'000) > 0.45; }));
    legume.signal(SIGTERM);
    CHECK_MESSAGE(legume.wait() == 0, legume.output());
    CHECK(finite({stage.recorded()}));
}

TEST_CASE("a controller comes, learns, shows what it moves, goes with a key held, and comes back") {
    const JackServer server;
    Stage stage(patch_text);
    stage.write(R"(legume: 1
seed: 5
nodes:
  keys: {type: midi-note}
  beep: {type: oscillator, gain: -40 dB}
  held: {type: gain, gain: -90 dB}
  hiss: {type: oscillator, shape: saw, frequency: 110 Hz, gain: -14 dB}
  tone: {type: filter, cutoff: 8 kHz}
  out:  {type: output}
wires:
  - keys.pitch -> beep.pitch
  - beep -> held -> out
  - {wire: keys.gate -> held.gain, depth: 1}
  - hiss -> tone -> out
bindings:
  - {midi: {notes: all}, to: keys.notes}
  - {midi: {cc: 1, port: a2j}, to: tone.cutoff, range: [200 Hz, 8 kHz], feedback: true}
)");
    Child legume(stage.command({"--record", (stage.folder / "take.wav").string()}));
    REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
    OscHand hand(stage.port);
    const auto bright = [](const Samples& x) { return centroid(x, rate) > 1'000 && beep(x, 830.61) < 0.01; };
    const auto dark = [](const Samples& x) { return centroid(x, rate) < 400; };
    REQUIRE(stage.heard(bright));

    auto nano = std::make_unique<JackClient>("a2j");
    CHECK_MESSAGE(legume.says("MIDI: a2j:midi_capture\n"), legume.output());
    CHECK(eventually([&] { return nano->shown(0xb0, 1, 127); }));  // where the knob should be
    nano->cc(1, 0);
    CHECK(stage.heard(dark));
    hand.send("/tone/cutoff", {8'000.0f});
    CHECK(eventually([&] { return nano->shown(0xb0, 1, 127); }));
    CHECK(stage.heard(bright));

    nano->note(80, 127);
    CHECK(stage.heard([](const Samples& x) { return beep(x, 830.61) > 0.05; }));
    nano.reset();  // the cable, with the key down
    CHECK_MESSAGE(legume.says("MIDI: a2j:midi_capture is gone"), legume.output());
    CHECK(stage.heard(bright));

    nano = std::make_unique<JackClient>("a2j");
    CHECK(eventually([&] { return nano->shown(0xb0, 1, 127); }));  // bound again, by itself
    hand.send("/legume/learn", {std::string("hiss/frequency")});
    CHECK_MESSAGE(legume.says("Learn: move the control for hiss/frequency"), legume.output());
    nano->cc(21, 20);
    CHECK_MESSAGE(legume.says("Learn: midi cc 21 moves hiss/frequency"), legume.output());
    CHECK_MESSAGE(legume.says("Reloaded: bindings"), legume.output());
    nano->cc(1, 0);  // it has not passed the value, so it waits, and is told again where that is
    CHECK(eventually([&] { return nano->shown(0xb0, 1, 127); }));
    CHECK(stage.heard(bright));
    nano->cc(21, 127);
    CHECK(stage.heard([](const Samples& x) { return centroid(x, rate) > 6'000; }));
    nano->cc(1, 127);
    nano->cc(1, 0);
    nano->cc(21, 60);
    CHECK(stage.heard(dark));

    JackClient performer;
    REQUIRE(performer.watch("legume-out:midi_out"));
    hand.send("/tone/cutoff", {2'000.0f});
    CHECK(eventually([&] { return performer.shown(0xb0, 1, 79); }));
    REQUIRE(performer.play_into("legume:midi_in"));
    CHECK(stage.heard([&](const Samples& x) {
        performer.note(80, 100);  // again and again: the first may go before the cable is heard
        return beep(x, 830.61) > 0.05;
    }));
    CHECK(stage.heard([&](const Samples& x) {
        hand.send("/legume/panic", {});  // a key may still have been on its way
        return beep(x, 830.61) < 0.01;
    }));
    legume.signal(SIGTERM);
    CHECK_MESSAGE(legume.wait() == 0, legume.output());
    CHECK(finite({stage.recorded()}));
}

// Cues by what is heard: offline twice the same, under a hand, over to another patch, and out of a log.
// SPDX-License-Identifier: MIT
#include "host/control/cues.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include "host/show/recorder.h"
#include "nodes/sound/sound_file.h"
#include "tests/child.h"
#include "tests/host/control/desk.h"

using namespace legume;

namespace {

const std::string head = R"(legume: 1
seed: 4
tempo: 120
nodes:
  tone: {type: oscillator, frequency: 1 kHz, gain: -90 dB}
  side: {type: gain}
  sway: {type: lfo}
  pad:  {type: morph, scenes: [quiet, loud]}
  out:  {type: output}
wires: [tone -> out, sway -> side]
scenes:
  quiet: {tone.gain: -40 dB}
  loud:  {tone.gain: -6 dB}
cues:
)";

struct CueDesk : test::ControlDesk {
    explicit CueDesk(const std::string& more) : ControlDesk(head + more) {}
    const Param& gain() { return param("tone/gain"); }
    std::string bytes(const char* name) const {
        std::ifstream in(folder / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    // As `legume render` plays the patch.
    test::Samples rendered(const char* name, const char* seconds, const char* from = "0:00") const {
        test::said(0, {"render", (folder / "p.yaml").string(), "-o", (folder / name).string(), "--seconds", seconds,
                       "--from", from});
        return left(name);
    }
    test::Samples left(const char* name) const {
        const auto sound = read_sound(folder / name);
        test::Samples x(sound.frames());
        for (std::size_t i = 0; i < x.size(); ++i) x[i] = sound.samples[i * static_cast<std::size_t>(sound.channels)];
        return x;
    }
};

double level(const test::Samples& x, double from, double seconds = 0.1) {
    return test::decibels(test::amplitude_at(
        test::part(x, static_cast<std::size_t>(from * 48'000), static_cast<std::size_t>(seconds * 48'000)), 48'000,
        1'000));
}

}  // namespace

TEST_CASE("a piece performs itself: the right levels at the right times, and the same bytes twice") {
    const CueDesk desk(R"(  - {at: 0:00, scene: quiet}
  - {at: 2.5 s, set: tone.gain, to: -20 dB}
  - {at: 0:02, scene: loud, over: 0}
  - {at: bar 3, set: tone.gain, to: -12 dB, over: 2 beats}
  - {at: 0:05.25, set: pad.x, to: 1, over: 0.5 s}
)");
    const auto heard = desk.rendered("a.wav", "6.5");
    CHECK(level(heard, 1.2) == doctest::Approx(-40).epsilon(0.01));
    CHECK(level(heard, 1.9) == doctest::Approx(-40).epsilon(0.01));
    CHECK(level(heard, 2.01) == doctest::Approx(-6).epsilon(0.01));
    CHECK(level(heard, 2.4) == doctest::Approx(-6).epsilon(0.01));
    CHECK(level(heard, 2.6) == doctest::Approx(-20).epsilon(0.01));
    CHECK(level(heard, 3.9) == doctest::Approx(-20).epsilon(0.01));
    CHECK(level(heard, 4.45) == doctest::Approx(-14.4).epsilon(0.02));  // half way in power
    CHECK(level(heard, 5.1) == doctest::Approx(-12).epsilon(0.01));
    CHECK(level(heard, 6.0) == doctest::Approx(-6).epsilon(0.01));
    desk.rendered("b.wav", "6.5");
    CHECK(desk.bytes("a.wav") == desk.bytes("b.wav"));
}

TEST_CASE("a piece that begins further on stands as it would by then, and goes on in time") {
    const CueDesk desk(R"(  - {at: 0:01, set: tone.gain, to: -40 dB}
  - {at: 0:02, set: tone.gain, to: -20 dB}
  - {at: 0:04, set: side.gain, to: -20 dB, over: 1 s}
  - {at: bar 4, set: tone.gain, to: -12 dB, over: 2 s}
  - {at: 0:09, set: tone.gain, to: -30 dB}
  - {at: bar 6, set: tone.gain, to: -6 dB}
)");
    const auto whole = desk.rendered("a.wav", "11"), early = desk.rendered("b.wav", "6", "0:05"),
               late = desk.rendered("c.wav", "4", "0:07");
    for (const double at : {6.2, 7.9, 8.2, 8.8, 9.2, 10.2}) {  // after the fade-in, in and after what is under way
        CAPTURE(at);
        const double heard = level(whole, at);
        CHECK(level(early, at - 5) == doctest::Approx(heard).epsilon(0.01));
        if (at > 8) CHECK(level(late, at - 7) == doctest::Approx(heard).epsilon(0.01));
    }
    CHECK(level(whole, 10.2) == doctest::Approx(-6).epsilon(0.01));
    desk.rendered("d.wav", "4", "0:07");
    CHECK(desk.bytes("c.wav") == desk.bytes("d.wav"));
}

TEST_CASE("of the triggers before the place where a piece begins, a node's last decides") {
    const std::string player = "legume: 1\nseed: 4\nlength: 10 s\nnodes:\n  loop: {type: player, file: " +
                               (test::source_folder() / "assets/sounds/drones.flac").string() +
                               ", autostart: false}\n  out: {type: output}\nwires: [loop -> out]\ncues:\n"
                               "  - {at: 1, fire: loop.start}\n  - {at: 2, fire: loop.stop}\n";
    const CueDesk desk("");
    desk.write("p.yaml", player);
    CHECK(test::rms(desk.rendered("a.wav", "1", "3 s")) == 0);
    desk.write("p.yaml", player + "  - {at: 2.5, fire: loop.start}\n");
    CHECK(test::rms(desk.rendered("a.wav", "1", "3 s")) > 0.001);
}

TEST_CASE("a place that is none, or beyond the end of the piece, is said") {
    const CueDesk desk("");
    const auto patch = (desk.folder / "p.yaml").string();
    const auto refused = [&](const char* from) {
        const auto text = test::said(1, {"render", patch, "-o", (desk.folder / "a.wav").string(), "--from", from});
        CHECK(!std::filesystem::exists(desk.folder / "a.wav"));
        return text;
    };
    for (const std::string from : {"soon", "-1", "3:75", "nan", "25:00:00"}) {
        CAPTURE(from);
        CHECK(refused(from.c_str())
                  .starts_with("--from: \"" + from + "\" is no time of a piece; write one such as 3:20 or 12.5 s"));
    }
    desk.write("p.yaml", "length: 20 s\n" + head);
    CHECK(refused("0:20") == patch + ": its length is 20 s, and --from is 20 s; say an earlier one, or --seconds S\n");
}

TEST_CASE("a control that is touched is the player's, until a later cue moves it again") {
    CueDesk desk("  - {at: 1, set: tone.gain, to: -6 dB, over: 2 s}\n  - {at: 4, set: tone.gain, to: -30 dB}\n");
    desk.play_until(2);
    CHECK(desk.gain().shown() == doctest::Approx(-9).epsilon(0.01));
    desk.controls.move(*desk.controls.find("tone/gain"), -50, "hand");
    desk.play_until(3.9);
    CHECK(desk.gain().shown() == -50);
    desk.play_until(4.1);
    CHECK(desk.gain().shown() == -30);
}

TEST_CASE("an edit while it plays does not run again what is past, and another patch begins its own time") {
    CueDesk desk("  - {at: 1, set: tone.gain, to: -6 dB}\n");
    desk.play_until(2);
    desk.controls.move(*desk.controls.find("tone/gain"), -50, "hand");
    desk.write("p.yaml", head + "  - {at: 0.5, set: tone.gain, to: -7 dB}\n  - {at: 3, set: tone.gain, to: -8 dB}\n");
    desk.open("p.yaml");
    desk.play_until(2.9);
    CHECK(desk.gain().own() == -50);
    desk.play_until(3.1);
    CHECK(desk.gain().own() == -8);
    desk.write("next.yaml", head + "  - {at: 0:01, set: tone.gain, to: -9 dB}\n");
    desk.open("next.yaml");
    desk.play_until(4);
    CHECK(desk.gain().own() == -90);
    desk.play_until(4.2);
    CHECK(desk.gain().own() == -9);
}

TEST_CASE("a thousand cues at once are all done, and a trigger of them fires") {
    std::string cues;
    for (int i = 0; i < 1'000; ++i)
        cues += "  - {at: 1, set: tone.gain, to: -" + std::to_string(10 + i % 70) + " dB}\n";
    CueDesk desk(cues + "  - {at: 1, fire: sway.reset}\n");
    int fired = 0;
    desk.runner.on_applied = [&](const Applied& applied) { fired += applied.target == "sway/reset"; };
    desk.play_until(1.2);
    CHECK(desk.gain().own() == -29);  // the last of them
    CHECK(fired == 1);
    CHECK(desk.runner.control().lost() == 0);
}

TEST_CASE("a cue goes over to the next patch, whose cues begin then") {
    const CueDesk desk("");
    desk.write("p.yaml", head + "  - {at: 0, scene: quiet}\n  - {at: 0:01, patch: next.yaml}\n");
    desk.write("next.yaml", head + "  - {at: 0:01, scene: loud}\n");
    const auto heard = desk.rendered("a.wav", "3.5");
    CHECK(level(heard, 0.85) == doctest::Approx(-40).epsilon(0.01));
    CHECK(level(heard, 1.85) < -40);  // the one fades, and the other is as its text says
    CHECK(level(heard, 3.2) == doctest::Approx(-6).epsilon(0.01));
    desk.write("next.yaml", "legume: 1\nnodes: {out: {type: outpt}}\n");
    const auto said = test::said(
        0, {"render", (desk.folder / "p.yaml").string(), "-o", (desk.folder / "b.wav").string(), "--seconds", "1.5"});
    CHECK(said.find("next.yaml:2:21: there is no node type \"outpt\"") != said.npos);  // and what played plays on
    CHECK(level(desk.left("b.wav"), 1.3) == doctest::Approx(-40).epsilon(0.01));
}

TEST_CASE("a show's log becomes cues that play it again, a fader's many steps as a few straight ways") {
    CueDesk desk("");
    std::vector<double> played;
    std::filesystem::path folder;
    {
        ShowRecorder kept(desk.folder / "shows", {"none", 64}, desk.controls,
                          [](const std::string& line) { FAIL(line); });
        folder = kept.folder();
        const auto& range = desk.gain().range;
        for (int i = 0; i <= 300; ++i) {  // ten seconds at 30 a second: up along its own way, a rest, down
            const double time = 0.5 + i / 30.0;
            desk.play_until(time);
            if (i <= 100)
                desk.controls.move(*desk.controls.find("tone/gain"),
                                   range.between(-30, -6, static_cast<float>(i) * 0.01f), "cc");
            if (i == 130) desk.controls.fire(*desk.controls.find("sway/reset"), "note");
            if (i >= 160)
                desk.controls.move(*desk.controls.find("tone/gain"), -6 - static_cast<float>(i - 160) * 0.1f, "cc");
            played.push_back(desk.gain().own());
        }
        desk.play_until(11);
        kept.finish();
    }
    const auto cues = test::said(0, {"cues", folder.string()});
    CHECK(std::count(cues.begin(), cues.end(), '\n') <= 20);  // of 242 moves
    CHECK(cues.find(", fire: sway.reset}") != cues.npos);
    REQUIRE(cues.starts_with("cues:\n"));
    CueDesk again(cues.substr(6));
    for (int i = 0; i <= 300; ++i) {
        again.play_until(0.5 + i / 30.0 + 0.03);  // as late as the fader's own glide
        CAPTURE(i);
        const auto& range = again.gain().range;
        CHECK(std::abs(range.normalise(again.gain().shown()) -
                       range.normalise(static_cast<float>(played[static_cast<std::size_t>(i)]))) < 0.03f);
    }
}

TEST_CASE("what is no log is said, with its place, and what the patch has no more is left out") {
    CueDesk desk("");
    desk.write("show.log", "hello\n");
    const auto at = [&](const char* name) { return (desk.folder / name).string(); };
    CHECK(test::said(1, {"cues", at("show.log")}) ==
          at("show.log") + ":1:1: this is no log of a show; `legume play` keeps one in each show's folder\n");
    CHECK(test::said(1, {"cues", at("none")}).find(": there is no such show; name its folder, or one in ") !=
          std::string::npos);
    std::filesystem::path folder;
    {
        ShowRecorder kept(desk.folder / "shows", {"none", 64}, desk.controls,
                          [](const std::string& line) { FAIL(line); });
        folder = kept.folder();
        desk.play_until(0.01);
        desk.controls.move(*desk.controls.find("transport/tempo"), 96, "osc");
        desk.controls.move(*desk.controls.find("tone/gain"), -3, "osc");
        desk.play_until(0.02);
        kept.finish();
    }
    CHECK(test::said(0, {"cues", folder.string()}).find("set: transport.tempo, to: 96 bpm}\n") != std::string::npos);
    desk.write("p.yaml", "legume: 1\nnodes: {out: {type: output}}\n");
    CHECK(test::said(0, {"cues", folder.string()}).find("the patch has no tone/gain any more; it is left out") !=
          std::string::npos);
}

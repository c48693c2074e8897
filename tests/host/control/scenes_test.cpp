// Scenes by what is heard: on the way, under other hands, stored and read again.
// SPDX-License-Identifier: MIT
#include "host/control/scenes.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "tests/host/control/desk.h"

using namespace legume;

namespace {

const char* const text = R"(legume: 1
tempo: 120
nodes:
  one:  {type: noise, gain: -6 dB}
  two:  {type: noise, gain: -90 dB}
  tone: {type: filter, cutoff: 200 Hz}
  side: {type: gain}
  pad:  {type: morph, scenes: [first, second]}
  quad: {type: morph, scenes: [first, second, low, high]}
  out:  {type: output}
wires: [one -> out, two -> out, side -> tone]
scenes:
  first:  {one.gain: -6 dB, two.gain: -90 dB, tone.cutoff: 200 Hz}
  second: {one.gain: -90 dB, two.gain: -6 dB, tone.cutoff: 3.2 kHz, program: 7}
  low:    {tone.cutoff: 400 Hz, over: 2 beats}
  high:   {tone.cutoff: 6.4 kHz, side.mute: true}
)";

struct SceneDesk : test::ControlDesk {
    explicit SceneDesk(const std::string& patch = text, const std::string& stored = "") : ControlDesk(patch, stored) {}
    void hand(const char* name, float value, float seconds = -1) {
        controls.move(*controls.find(name), value, "hand " + std::to_string(++hands), seconds);
    }
    int hands = 0;
};

}  // namespace

TEST_CASE("over a second a cutoff passes the middle in octaves, and two sounds change places without a hole") {
    SceneDesk desk;
    desk.play(1.2);  // the output fades in
    const auto before = test::decibels(test::rms(desk.play(0.5)));
    CHECK(desk.commands.run("scene", {std::string("second"), 1.0}) == "");
    for (const double tenth : {1, 2, 3, 4, 5}) {
        const auto heard = test::decibels(test::rms(desk.play(0.1)));
        CAPTURE(tenth);
        CHECK(heard == doctest::Approx(before).epsilon(0.04));  // within a third of a decibel
    }
    CHECK(desk.param("tone/cutoff").shown() == doctest::Approx(800).epsilon(0.01));
    CHECK(desk.param("one/gain").shown() == doctest::Approx(-9).epsilon(0.01));  // half the power each
    CHECK(desk.param("two/gain").shown() == doctest::Approx(-9).epsilon(0.01));
    desk.play(0.6);
    CHECK(desk.param("tone/cutoff").shown() == 3'200);
    CHECK(desk.param("one/gain").shown() == -90);
    CHECK(desk.param("two/gain").shown() == -6);
}

TEST_CASE("a level that a hand takes on its way goes on from where it was, and what is not named stays") {
    SceneDesk desk;
    desk.hand("side/gain", -12);
    desk.scenes->recall("second", 1.0);
    desk.play(0.5);
    desk.hand("two/gain", -9, 0.1f);
    CHECK(desk.param("two/gain").shown() == doctest::Approx(-9).epsilon(0.02));
    desk.play(0.7);
    CHECK(desk.param("two/gain").shown() == -9);  // not the scene's -6
    CHECK(desk.param("one/gain").shown() == -90);
    CHECK(desk.param("side/gain").shown() == -12);
}

TEST_CASE("a scene that is recalled again is meant again") {
    SceneDesk desk;
    desk.scenes->recall("second");
    desk.hand("tone/cutoff", 500);
    CHECK(desk.param("tone/cutoff").own() == 500);
    desk.scenes->recall("second");
    CHECK(desk.param("tone/cutoff").own() == 3'200);
}

TEST_CASE("a scene is called by name, place, steps and program, in its own time or that which is sent") {
    SceneDesk desk;
    CHECK(desk.commands.run("scene", {3.0}) == "");
    desk.play(0.5);
    CHECK(desk.param("tone/cutoff").shown() == doctest::Approx(std::sqrt(200.0 * 400)).epsilon(0.01));  // of 2 beats
    CHECK(desk.commands.run("scene-next", {}) == "");
    CHECK(desk.param("tone/cutoff").own() == 6'400);
    CHECK(desk.param("side/mute").own() == 1);
    CHECK(desk.commands.run("scene-next", {}) == "");
    CHECK(desk.param("tone/cutoff").own() == 200);
    CHECK(desk.commands.run("scene-previous", {}) == "");
    CHECK(desk.param("tone/cutoff").own() == 6'400);
    desk.scenes->take({MidiEvent::Kind::program, 1, 7, 0});
    CHECK(desk.param("tone/cutoff").own() == 3'200);
    desk.scenes->take({MidiEvent::Kind::program, 1, 8, 0});
    CHECK(desk.param("tone/cutoff").own() == 3'200);
    const auto run = [&](CommandArguments arguments) { return desk.commands.run("scene", arguments); };
    CHECK(run({std::string("secnd")}) == "there is no scene \"secnd\"; did you mean \"second\"?");
    CHECK(run({9.0}) == "there are 4 scenes; send a name, or a place counted from 1");
    CHECK(run({std::nan("")}) == "there are 4 scenes; send a name, or a place counted from 1");
    CHECK(run({}) == "/legume/scene wants a scene's name, or its place counted from 1");
    CHECK(run({std::string("low"), -1.0}) == "a scene takes 0 to 86400 seconds; send them as a number after its name");
    CHECK(desk.param("tone/cutoff").own() == 3'200);
}

TEST_CASE("a stored scene is there after a restart, and the patch's text is untouched") {
    SceneDesk desk;
    desk.hand("tone/cutoff", 1'234.5f);
    desk.hand("one/gain", -13);
    CHECK(desk.commands.run("scene-store", {std::string("mine")}) == "");
    CHECK(desk.commands.run("scene-store", {std::string("second")}) == "");  // takes the place of the patch's
    CHECK(desk.said.ends_with("Stored the scene second in " + (desk.folder / "p.scenes.yaml").string() + "\n"));
    desk.hand("tone/cutoff", 300);
    desk.scenes->recall("mine");
    CHECK(desk.param("tone/cutoff").own() == doctest::Approx(1'234.5));

    std::ifstream again(desk.folder / "p.scenes.yaml");
    const std::string stored{std::istreambuf_iterator<char>(again), {}};
    SceneDesk next(text, stored);
    CHECK(next.said == "");
    CHECK(next.scenes->recall("mine") == "");
    CHECK(next.param("tone/cutoff").own() == doctest::Approx(1'234.5));
    CHECK(next.param("one/gain").own() == -13);
    next.hand("tone/cutoff", 300);
    next.scenes->take({MidiEvent::Kind::program, 1, 7, 0});
    CHECK(next.param("tone/cutoff").own() == doctest::Approx(1'234.5));
    std::ifstream patch(desk.folder / "p.yaml");
    CHECK(std::string{std::istreambuf_iterator<char>(patch), {}} == text);
    CHECK(desk.commands.run("scene-store", {std::string("No Name")}) ==
          "\"No Name\" is no name for a scene; begin with a letter and use only a-z, 0-9, _ and -");
}

TEST_CASE("what a stored scene names and is gone is said, and the rest of it plays") {
    SceneDesk desk(text, "scenes:\n  old:\n    gone.gain: -3 dB\n    tone.cutoff: 700 Hz\n    tone.resonance: 99\n");
    const auto file = (desk.folder / "p.scenes.yaml").string();
    CHECK(desk.said.find(file + ":3:5: there is no node \"gone\"") != desk.said.npos);
    CHECK(desk.said.find(file + ":5:21: tone.resonance: 99 is outside 0 to 1") != desk.said.npos);
    CHECK(desk.scenes->recall("old") == "");
    CHECK(desk.param("tone/cutoff").own() == 700);
}

TEST_CASE("a file of scenes that cannot be read is a problem at its place") {
    test::Folder folder;
    std::ofstream(folder / "p.yaml") << text;
    const auto said = [&](const std::string& stored) {
        std::ofstream(folder / "p.scenes.yaml") << stored;
        const auto problems = open_patch(folder / "p.yaml").problems;
        const auto all = problems.empty() ? "" : to_string(problems.front());
        return all.substr(std::min(all.size(), (folder / "").string().size()));
    };
    CHECK(said("scenes: {a: {tone.cutoff: }}") ==
          "p.scenes.yaml:1:14: tone.cutoff has no value; write one after the colon, or remove the line");
    CHECK(said("scenes:\n  a: [").starts_with("p.scenes.yaml:2:"));
    CHECK(said("- 1") == "p.scenes.yaml:1:1: this file holds no scenes; begin with `scenes:`, or remove it");
    CHECK(said("scene: {}") == "p.scenes.yaml:1:1: a file of scenes has no \"scene\"; did you mean \"scenes\"?");
    CHECK(said("scenes: {a: {}, a: {}}") ==
          "p.scenes.yaml:1:17: \"a\" stands here twice, first on line 1; rename or remove one");
}

TEST_CASE("a pad moves all between its scenes along their own ways, and another hand keeps what it takes") {
    SceneDesk desk;
    desk.play(0.1);
    desk.hand("pad/x", 0.5f);
    desk.play(0.2);
    CHECK(desk.param("tone/cutoff").shown() == doctest::Approx(800).epsilon(0.01));
    CHECK(desk.param("one/gain").shown() == doctest::Approx(-9).epsilon(0.01));
    CHECK(desk.param("two/gain").shown() == doctest::Approx(-9).epsilon(0.01));
    desk.hand("pad/x", 1, 1);
    desk.play(0.5);
    CHECK(desk.param("tone/cutoff").own() == doctest::Approx(1'600).epsilon(0.02));  // it follows the way there
    desk.hand("tone/cutoff", 100);
    desk.play(0.7);
    CHECK(desk.param("tone/cutoff").own() == 100);
    CHECK(desk.param("two/gain").own() == -6);
    desk.hand("pad/x", 0);
    desk.play(0.2);
    CHECK(desk.param("tone/cutoff").own() == 200);  // moved anew it takes it again
}

TEST_CASE("four scenes are the corners of a pad") {
    SceneDesk desk;
    const auto at = [&](float x, float y) {
        desk.hand("quad/x", x);
        desk.hand("quad/y", y);
        desk.play(0.2);
        return desk.param("tone/cutoff").own();
    };
    CHECK(at(1, 0) == doctest::Approx(3'200));
    CHECK(at(0, 1) == doctest::Approx(400));
    CHECK(at(1, 1) == doctest::Approx(6'400));
    CHECK(desk.param("side/mute").own() == 1);
    CHECK(at(0.5f, 0.5f) == doctest::Approx(std::pow(200.0 * 3'200 * 400 * 6'400, 0.25)).epsilon(0.001));
    CHECK(at(0, 0) == doctest::Approx(200));
    CHECK(desk.param("side/mute").own() == 0);
}

TEST_CASE("an edit takes up scenes, and one that they no longer fit is refused at its place") {
    SceneDesk desk;
    std::string edited = text;
    edited.replace(edited.find("400 Hz"), 6, "450 Hz");
    desk.write("p.yaml", edited);
    desk.play(0.1);
    desk.open("p.yaml");
    desk.scenes->recall("low", 0);
    CHECK(desk.param("tone/cutoff").own() == 450);
    edited.erase(edited.find("  two:"), edited.find("  tone:") - edited.find("  two:"));
    desk.write("p.yaml", edited);
    std::string all;
    for (const auto& problem : open_patch(desk.folder / "p.yaml").problems) all += to_string(problem) + "\n";
    CHECK(all.find("p.yaml:12:29: there is no node \"two\"") != all.npos);
}

TEST_CASE("the scenes of a patch within a patch are recalled under its name, and its pad moves between them") {
    SceneDesk desk("legume: 1\nnodes: {out: {type: output}}\n");
    std::ofstream(desk.folder / "strip.yaml") << R"(legume: 1
nodes:
  tone: {type: filter, cutoff: 200 Hz}
  pad:  {type: morph, scenes: [dark, bright]}
ports: {in: tone, out: tone, colour: tone.cutoff}
scenes:
  dark:   {tone.cutoff: 200 Hz}
  bright: {tone.cutoff: 3.2 kHz}
)";
    std::ofstream(desk.folder / "p.yaml") << R"(legume: 1
nodes:
  hiss:  {type: noise}
  strip: {type: patch, file: strip.yaml}
  out:   {type: output}
wires: [hiss -> strip -> out]
scenes:
  mine: {strip.colour: 700 Hz, transport.tempo: 90}
)";
    desk.play(0.1);
    desk.open("p.yaml");
    CHECK(desk.scenes->recall("strip/bright") == "");
    CHECK(desk.param("strip/tone/cutoff").own() == 3'200);
    CHECK(desk.scenes->recall("mine") == "");
    CHECK(desk.param("strip/tone/cutoff").own() == 700);
    CHECK(desk.param("transport/tempo").own() == 90);
    desk.hand("strip/pad/x", 0.5f);
    desk.play(0.2);
    CHECK(desk.param("strip/tone/cutoff").own() == doctest::Approx(800).epsilon(0.01));
}

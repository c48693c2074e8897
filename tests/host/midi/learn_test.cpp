// A knob that is moved after a param was named moves that param from then on, and the patch is not touched.
// SPDX-License-Identifier: MIT
#include "host/midi/learn.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "host/midi/router.h"
#include "host/session/open.h"
#include "tests/harness.h"
#include "tests/host/midi/whole.h"

using namespace legume;
using Kind = MidiEvent::Kind;

namespace {

const char* const text =
    "legume: 1\nnodes:\n  loop: {type: noise}\n  tone: {type: filter}\n  sway: {type: lfo}\n"
    "  keys: {type: midi-note}\n  fade: {type: crossfade}\n  out: {type: output}\n"
    "wires: [loop -> tone -> fade -> out, sway -> fade.b]\n";

struct Desk {
    test::Folder folder;
    const std::filesystem::path patch = folder / "drift.yaml";
    const std::filesystem::path file = folder / "drift.controls.yaml";
    Runner runner{{48'000, 0, 2, 3, {}}};
    Controls controls{runner};
    Commands commands;
    std::vector<std::string> said;
    std::unique_ptr<test::Whole<MidiLearn>> learn;
    explicit Desk(const std::string& from_the_start = "", const std::string& stored = "") {
        std::ofstream(patch) << text;
        if (!stored.empty()) std::ofstream(file) << stored;
        auto checked = open_patch(patch);
        for (const auto& problem : checked.problems) FAIL(to_string(problem));
        for (const auto& problem : runner.edit(std::move(checked))) FAIL(to_string(problem));
        controls.bind();
        learn = std::make_unique<test::Whole<MidiLearn>>(from_the_start, controls, commands,
                                                         [this](const std::string& line) { said.push_back(line); });
    }
    std::string ask(const std::string& name) { return commands.run("learn", {name}); }
    bool cc(int number, int value, int channel = 1) { return learn->take({Kind::cc, channel, number, value}, "nano"); }
    static std::string read(const std::filesystem::path& from) {
        std::ifstream in(from);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    // What the next opening binds.
    std::vector<std::string> bound() {
        auto checked = open_patch(patch);
        std::vector<std::string> all;
        for (const auto& problem : checked.problems) all.push_back(to_string(problem));
        for (const auto& binding : checked.patch.bindings)
            if (binding.midi)
                all.push_back(name_of(*binding.midi) + "/" + std::to_string(binding.midi->channel) + " > " +
                              to_string(binding.to));
        return all;
    }
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a knob is learned for a param, and the patch stays as it is") {
    Desk desk;
    CHECK(!desk.cc(21, 3));
    CHECK(desk.ask("tone/cutoff") == "");
    CHECK(!desk.learn->take({Kind::note_off, 1, 60, 0}, "nano"));
    CHECK(!desk.learn->take({Kind::clock}, "nano"));
    CHECK(desk.cc(21, 40, 3));
    CHECK(!desk.cc(21, 5, 3));
    CHECK(desk.bound() == Lines{"midi cc 21/3 > tone.cutoff"});
    CHECK(Desk::read(desk.patch) == text);
    CHECK(desk.said.back() == "Learn: midi cc 21 moves tone/cutoff from now on, as drift.controls.yaml says");
    CHECK(desk.ask("tone.resonance") == "");  // in the patch's spelling too
    CHECK(desk.cc(22, 10));
    CHECK(desk.ask("/fade/position") == "");  // and in OSC's
    CHECK(desk.cc(21, 9, 3));                 // the same knob: its old binding goes
    CHECK(desk.bound() == Lines{"midi cc 22/1 > tone.resonance", "midi cc 21/3 > fade.position"});
}

TEST_CASE("an endless knob is learned in its own dialect, once it was turned both ways") {
    Desk desk;
    CHECK(desk.ask("tone/cutoff") == "");
    for (int i = 0; i < 5; ++i) CHECK(desk.cc(16, 65));
    CHECK(desk.said.back() == "Learn: this looks like an endless knob; turn it the other way too");
    CHECK(desk.bound().empty());
    CHECK(desk.cc(16, 63));
    CHECK(desk.said.back().starts_with("Learn: midi cc 16 moves tone/cutoff"));
    CHECK(!desk.cc(16, 63));
    auto checked = open_patch(desk.patch);
    REQUIRE(checked.patch.bindings.size() == 1);
    CHECK(checked.patch.bindings[0].midi->relative == MidiSource::Relative::offset);
    CHECK(desk.ask("tone/resonance") == "");
    CHECK(desk.cc(7, 1));    // another is touched on the way,
    CHECK(desk.cc(8, 2));    // a fine fader begins to move,
    CHECK(desk.cc(40, 99));  // whose fine half is no fader of its own,
    CHECK(desk.cc(8, 9));
    CHECK(desk.bound() == Lines{"midi cc 16/1 > tone.cutoff", "midi cc 8/1 > tone.resonance"});
}

TEST_CASE("an NRPN, a pad and a keyboard are learned as what they are") {
    Desk desk;
    CHECK(desk.ask("tone/cutoff") == "");
    CHECK(!desk.cc(99, 2));
    CHECK(!desk.cc(98, 44));
    CHECK(desk.cc(6, 1));
    CHECK(desk.ask("sway/reset") == "");
    CHECK(desk.learn->take({Kind::note_on, 10, 36, 1}, "nano"));
    CHECK(desk.ask("keys/notes") == "");
    CHECK(!desk.cc(1, 1));
    CHECK(desk.learn->take({Kind::note_on, 2, 36, 1}, "nano"));
    CHECK(desk.bound() ==
          Lines{"midi nrpn 300/1 > tone.cutoff", "midi note 36/10 > sway.reset", "midi notes/2 > keys.notes"});
}

TEST_CASE("learning begins with the program, for a param that is named or that OSC moves next") {
    Desk named("tone/cutoff");
    CHECK(named.cc(1, 10));
    CHECK(named.bound() == Lines{"midi cc 1/1 > tone.cutoff"});
    Desk next("next");
    next.controls.move(*next.controls.find("fade/position"), 0.1f, "midi cc 9");
    CHECK(!next.cc(1, 1));
    next.controls.move(*next.controls.find("fade/position"), 0.2f, "osc /fade/position");
    next.controls.move(*next.controls.find("tone/cutoff"), 200, "osc /tone/cutoff");
    CHECK(next.cc(1, 10));
    CHECK(next.bound() == Lines{"midi cc 1/1 > fade.position"});
    const Desk wrong("tone/cutof");
    CHECK(wrong.said == Lines{"Learn: nothing is called \"tone/cutof\"; did you mean tone/cutoff?"});
}

TEST_CASE("what people write into the file of controls stays, and faults in it have their places") {
    const std::string kept =
        "# Mine.\nbindings:\n  - {midi: {cc: 1}, to: tone.cutoff, range: [100 Hz, 1 kHz]}  # low\n";
    Desk desk("", kept);
    CHECK(desk.ask("fade/position") == "");
    CHECK(desk.cc(2, 10));
    CHECK(Desk::read(desk.file) == kept + "  - {midi: {cc: 2, channel: 1}, to: fade.position}\n");
    for (const auto& [broken, problem] : std::vector<std::pair<std::string, std::string>>{
             {"bindings: 3\n", ":1:11: bindings must be a list, such as `- {midi: {cc: 1}, to: dream.gain}`"},
             {"nodes: {}\n", ":1:1: a file of controls has no \"nodes\"; it has bindings"},
             {"- {midi: {cc: 1}, to: tone.cutoff}\n", ":1:1: this file is a map; begin it with `bindings:`"}}) {
        const std::string faulty = broken;
        CAPTURE(faulty);
        std::ofstream(desk.file) << broken;
        const auto bound = desk.bound();
        REQUIRE(!bound.empty());
        CHECK(bound[0].starts_with(desk.file.string() + ":"));
        CHECK(bound[0] == desk.file.string() + problem);
    }
}

TEST_CASE("what was learned for a node that is gone is left out and said, and all else stays bound") {
    Desk desk("",
              "bindings:\n  - {midi: {cc: 1}, to: gone.cutoff}\n  - {midi: {cc: 2}, to: tone.cutoff}\n"
              "  - midi: {cc: 3}\n    to: fade.position\n    range: [0, 9]\n  - {midi: {cc: 4}, to: fade.position}\n");
    CHECK(desk.bound() == Lines{"midi cc 2/0 > tone.cutoff", "midi cc 4/0 > fade.position"});
    const auto notices = open_patch(desk.patch).notices;
    REQUIRE(notices.size() == 2);
    CHECK(to_string(notices[0]) ==
          desk.file.string() + ":2:25: left out: there is no node \"gone\"; did you mean \"tone\"?");
    CHECK(to_string(notices[1]) == desk.file.string() + ":6:16: left out: range: 9 is outside 0 to 1");
    CHECK(desk.ask("fade/position") == "");  // and learning goes on
    CHECK(desk.cc(1, 10, 5));
    CHECK(desk.bound() ==
          Lines{"midi cc 2/0 > tone.cutoff", "midi cc 4/0 > fade.position", "midi cc 1/5 > fade.position"});
}

TEST_CASE("a file of controls that cannot be added to is said and left alone") {
    for (const std::string broken :
         {"bindings: [\n", "bindings: []\n", "bindings:\n  -\n    midi: {cc: 2}\n    to: tone.cutoff\n"}) {
        CAPTURE(broken);
        Desk desk;
        std::ofstream(desk.file) << broken;
        CHECK(desk.ask("fade/position") == "");
        CHECK(desk.cc(2, 10));
        CHECK(desk.said.back().find("then learn again") != std::string::npos);
        CHECK(Desk::read(desk.file) == broken);
    }
    Desk desk;
    CHECK(desk.commands.run("learn", {}) == "/legume/learn wants one name, such as tone/cutoff");
    CHECK(
        desk.commands.run("learn", {std::string("tone/cutoff")}, Commands::From::network).find("this computer alone") !=
        std::string::npos);
}

// What is declared, by nodes and beside them, and a node that has what its file says: checked, wired, edited, refused.
// SPDX-License-Identifier: MIT
#include "graph/declaration.h"

#include <doctest/doctest.h>

#include "graph/builtin_nodes.h"
#include "graph/setlist_controls.h"
#include "tests/folder.h"
#include "tests/graph/show.h"

using namespace legume;
using namespace legume::test;

namespace {

const char* const strip = "in left\nin right\nout wet\nparam drive 0 10 1 dB\ntrigger flip\nmeter level\n";

// A patch whose node `d` has what d.txt says, between a counter that stands still and the outputs.
struct Desk {
    Folder folder;
    Show show;
    explicit Desk(const std::string& text = strip) { write(text); }
    std::string file() const { return (folder / "d.txt").string(); }
    void write(const std::string& text) const { std::ofstream(folder / "d.txt", std::ios::binary) << text; }
    std::vector<Plain> nodes(std::vector<std::pair<std::string, std::string>> settings = {}) const {
        settings.insert(settings.begin(), {"file", file()});
        return {{"d", "declared", settings}, {"a", "counter", {{"slope", "0"}}}, {"out", "sink"}};
    }
    // What check says, the declaration's file by its name alone.
    std::vector<std::string> wrong(const std::vector<std::string>& wires = {},
                                   std::vector<std::pair<std::string, std::string>> settings = {}) const {
        auto said = lines(plain(nodes(std::move(settings)), wires).problems);
        const auto prefix = folder.path.string() + "/";
        for (auto& line : said)
            for (std::size_t at = 0; (at = line.find(prefix)) != line.npos;) line.erase(at, prefix.size());
        return said;
    }
    std::vector<std::string> wrong_of(const std::string& text) const {
        write(text);
        return wrong();
    }
    void edit(const std::vector<std::string>& wires) { REQUIRE(lines(show.edit(nodes(), wires)).empty()); }
    Node* node() { return show.playing->find("d"); }
    void count(float value) { static_cast<Counter*>(show.playing->find("a"))->count = value; }
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a node has what its file says: wires end in it, params are set and bound, and the sound comes through") {
    Desk desk;
    CHECK(desk.wrong({"a -> d.left", "a -> d.right", "d.wet -> out", "a -> d.drive", "a -> d.flip"}).empty());
    CHECK(desk.wrong({}, {{"drive", "3 dB"}, {"gain", "0.5"}}).empty());
    REQUIRE(desk.show.edit(desk.nodes({{"drive", "3"}}), {"a -> d.left", "a -> d.right", "d -> out"}).empty());
    desk.count(0.1f);
    desk.show.run(1);
    CHECK(desk.show.heard.back() == doctest::Approx(0.6));
    CHECK(static_cast<Meter*>(desk.node()->find("level"))->value() == doctest::Approx(0.6));
}

TEST_CASE("what its file does not say is a fault of the patch, with the names that are near") {
    const Desk desk;
    CHECK(
        desk.wrong({"a -> d.lft", "d.dry -> out", "a -> d.dry"}, {{"drve", "1"}, {"drive", "11 dB"}, {"left", "1"}}) ==
        Lines{"t.yaml:1:8: declared has no setting \"drve\"; did you mean \"drive\"?",
              "t.yaml:1:8: left is a signal input; wire something to it",
              "t.yaml:1:10: drive: 11 dB is outside 0 dB to 10 dB",
              "t.yaml:4:10: declared has no port \"lft\"; it has gain, left, right, drive, flip",
              "t.yaml:5:5: declared has no output \"dry\"; it has wet",
              "t.yaml:6:10: declared has no port \"dry\"; it has gain, left, right, drive, flip"});
}

TEST_CASE("bindings, scenes, cues and what goes out know what the file declares") {
    const Desk desk;
    auto patch = plain_patch(desk.nodes(), {});
    const auto end = [](const char* member) { return Endpoint{"d", member, {"t.yaml", 9, 1}}; };
    for (const auto* to : {"drive", "flip"}) {
        Binding binding;
        binding.midi = MidiSource{MidiSource::Kind::cc, 1, 0, ""};
        binding.to = end(to);
        patch.bindings.push_back(binding);
    }
    Value five;
    five.text = "5 dB";
    Scene dark;
    dark.name = "dark";
    dark.values = {{end("drive"), five}};
    patch.scenes = {dark};
    Cue cue;
    cue.kind = Cue::Kind::fire;
    cue.to = end("flip");
    patch.cues = {cue};
    SendSetting send;
    send.values = {end("drive"), end("level")};
    patch.sends = {send};
    CHECK(lines(check(patch, plain_types).problems).empty());
    desk.write("in left\n");
    CHECK(lines(check(patch, plain_types).problems) ==
          Lines{"t.yaml:9:1: declared has no param or trigger \"drive\"; it has gain",
                "t.yaml:9:1: declared has no param or trigger \"flip\"; it has gain",
                "t.yaml:9:1: declared has no param \"drive\"; it has gain",
                "t.yaml:9:1: declared has no trigger \"flip\"; it has none",
                "t.yaml:9:1: declared has no param or meter \"drive\"; it has gain",
                "t.yaml:9:1: declared has no param or meter \"level\"; it has gain"});
}

TEST_CASE("a fault in the file stands at its own line and column") {
    const Desk desk;
    CHECK(desk.wrong_of("in left\ninn right\n") ==
          Lines{"d.txt:2:1: there is no member \"inn\"; did you mean \"in\"?"});
    CHECK(desk.wrong_of("in left\n  out left\n") == Lines{"d.txt:2:7: \"left\" is there already; take another name"});
    CHECK(desk.wrong_of("out gain\n") == Lines{"d.txt:1:5: \"gain\" is there already; take another name"});
    CHECK(desk.wrong_of("param drive\n") == Lines{"d.txt:1:7: drive has no range; add its least, its most and where it "
                                                  "begins, such as 0 10 1 dB"});
    CHECK(desk.wrong_of("param drive 0 ten 1\n") == Lines{"d.txt:1:15: \"ten\" is not a number such as 0.5, or 50 %"});
    CHECK(desk.wrong_of("param drive 5 5 5\n") ==
          Lines{"d.txt:1:15: the most is not above the least; change one of them"});
    CHECK(desk.wrong_of("param drive 0 1 2\n").size() == 1);
    CHECK(desk.wrong_of("param drive 0 1 0 mud\n") == Lines{"d.txt:1:19: there is no unit \"mud\"; write Hz, dB or s"});
    CHECK(desk.wrong_of("in left\nout\n") == Lines{"d.txt:2:1: this out has no name; add one, as in out left"});
    CHECK(desk.wrong_of("in left right\n") == Lines{"d.txt:1:9: \"right\" is too much here; remove it"});
    CHECK(desk.wrong_of("in l\x01"
                        "ft\n") == Lines{"d.txt:1:5: this is no text; write plain letters and spaces"});
    CHECK(desk.wrong_of(std::string("in left\n\0\xff\xff", 11)) ==
          Lines{"d.txt:2:1: this is no text; write plain letters and spaces"});
    for (const auto* name : {"Left", "type", "legume", "1st"})
        CHECK(desk.wrong_of("in " + std::string(name) + "\n") ==
              Lines{"d.txt:1:4: \"" + std::string(name) +
                    "\" can name nothing; begin with a letter and use only a-z, 0-9, _ and -, and not legume or type"});
    CHECK(desk.wrong_of("inn a\nin b\nin b\n").size() == 2);  // all at once
    CHECK(desk.wrong_of("").empty());
}

TEST_CASE("a file that is not there, or is a folder, is a fault of the setting") {
    const Desk desk;
    std::filesystem::remove(desk.file());
    CHECK(desk.wrong() == Lines{"t.yaml:1:10: d.txt does not exist; check its name and folder"});
    std::filesystem::create_directory(desk.file());
    CHECK(desk.wrong() == Lines{"t.yaml:1:10: d.txt is no file; name a text file"});
    CHECK(lines(plain({{"d", "declared"}}, {}).problems) ==
          Lines{"t.yaml:1:3: declared needs \"file\"; add file: ..."});
}

TEST_CASE("a node whose file is wrong says that alone: nothing is said of members that it would have had") {
    const Desk desk;
    desk.write("in left\nout wet\nparam drive\n");
    CHECK(desk.wrong({"a -> d.left", "d.wet -> out", "d -> out"}, {{"drive", "3 dB"}}).size() == 1);
    CHECK(desk.wrong({"a -> d.left", "a -> out.inn"}).size() == 2);  // what else is wrong is said all the same
}

TEST_CASE("a file that says the same again, on other lines, is no edit: the node plays on with its live values") {
    Desk desk;
    desk.edit({"a -> d.left", "d -> out"});
    const auto* before = desk.node();
    static_cast<Declared*>(desk.node())->knobs[0].set_initial(7);
    const auto patch = desk.show.patch;
    desk.write(std::string("\n\n") + strip);
    CHECK(plain(desk.nodes(), {"a -> d.left", "d -> out"}).patch == patch);
    desk.edit({"a -> d.left", "d -> out"});
    CHECK(desk.node() == before);
    CHECK(static_cast<Declared*>(desk.node())->knobs[0].own() == 7);
}

TEST_CASE("a port that comes, goes or changes makes it another node, which is faded in") {
    const std::string wanted[] = {"in more\n" + std::string(strip),             // comes, before all others
                                  "in left\nout wet\n",                         // go
                                  "in left\nout wet\nparam drive 0 20 1 dB\n",  // another range
                                  "out left\nin wet\n",                         // change places
                                  ""};                                          // all
    for (const auto& text : wanted) {
        CAPTURE(text);
        Desk desk;
        desk.edit({"a -> d.left", "a -> d.right", "d -> out", "a -> out"});
        desk.count(0.2f);
        desk.show.run(4);
        CHECK(desk.show.heard.back() == doctest::Approx(0.6));
        const auto* before = desk.node();
        const auto patch = desk.show.patch;
        desk.write(text);
        const std::vector<std::string> wires{"a -> out"};
        const auto changed = plain(desk.nodes(), wires).patch;
        CHECK_FALSE(changed == patch);
        CHECK(diff(patch, changed).replaced == Lines{"d"});
        desk.edit(wires);
        CHECK(desk.node() != before);
        desk.show.run(40);
        CHECK(desk.show.heard.back() == doctest::Approx(0.2));
        CHECK(desk.show.largest_step(1) < 0.002f);
    }
}

TEST_CASE(
    "a wire to a port that has come sounds, and one from a port that has gone is refused while the rest plays on") {
    Desk desk("in left\nout wet\n");
    desk.edit({"a -> d.left", "d -> out"});
    desk.count(0.25f);
    desk.show.run(4);
    desk.write("in left\nin side\nout dry\nout wet\n");
    desk.edit({"a -> d.left", "a -> d.side", "d.wet -> out"});
    desk.show.run(40);
    CHECK(desk.show.heard.back() == doctest::Approx(0.5));
    desk.write("in left\nout dry\n");
    CHECK(desk.wrong({"a -> d.left", "a -> d.side", "d.wet -> out"}) ==
          Lines{"t.yaml:5:10: declared has no port \"side\"; it has gain, left",
                "t.yaml:6:5: declared has no output \"wet\"; it has dry"});
    desk.show.run(4);
    CHECK(desk.show.heard.back() == doctest::Approx(0.5));
    desk.write("in left\nin side\nout dry\nout wet\n");
    const auto* before = desk.node();
    desk.edit({"a -> d.left", "a -> d.side", "d.wet -> out"});
    CHECK(desk.node() == before);
}

TEST_CASE("the files by which nodes declare themselves are watched beside the patch's, also while they are wrong") {
    const Desk desk;
    auto patch = plain_patch(desk.nodes(), {});
    patch.files = {"t.yaml"};
    CHECK(check(patch, plain_types).patch.watched() == Lines{"t.yaml", desk.file()});
    CHECK(check(patch, plain_types).patch.files == Lines{"t.yaml"});
    std::filesystem::remove(desk.file());
    CHECK(check(patch, plain_types).patch.watched() == Lines{"t.yaml", desk.file()});
}

TEST_CASE("a setting named like a job or a decision of the node is told what that is") {
    struct Deciding final : Declaration {
        TimingDecision newest{this, "newest", "Which it was."};
        Work work{this, "reader", Work::Pool::io, [] { return false; }, "Reads."};
    } deciding;
    PatchNode text{"d", "deciding", {}, {"t.yaml", 1, 3}, {"t.yaml", 1, 6}};
    for (const auto* name : {"newest", "reader"}) text.settings.push_back({name, {}, {"t.yaml", 2, 5}});
    Problems problems;
    deciding.configure(text, problems);
    CHECK(lines(problems) == Lines{"t.yaml:2:5: newest is a decision of the clock; it cannot be set",
                                   "t.yaml:2:5: reader is a job of the node; it cannot be set"});
}

TEST_CASE(
    "what stands beside every patch is declared like a node, hears what was posted, and forgets it a block later") {
    SetlistControls setlist;
    ControlQueue control;
    control.post(setlist.go, "setlist/go", 3, "key");
    control.post(setlist.next);
    control.apply(0);
    setlist.advance_members();
    CHECK(setlist.go.shown() == 3);
    Stamp stamp;
    REQUIRE(control.stamp(stamp));
    CHECK(&stamp.target->owner == &setlist);
    for (const auto* id : {"transport", "setlist"}) {
        REQUIRE(builtin_node(id));
        CHECK(as<Node>(*builtin_node(id)) == nullptr);
        CHECK(builtin_node(id)->triggers().size() > 1);
    }
    CHECK(builtin_node("d") == nullptr);
}

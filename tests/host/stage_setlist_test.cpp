// A set from its text to what is heard of it: what is wrong before it begins, and what comes when it is asked for.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <fstream>
#include <functional>
#include <memory>
#include <thread>

#include "host/control/cues.h"
#include "host/midi/router.h"
#include "host/session/setlist.h"
#include "tests/child.h"
#include "tests/harness.h"

using namespace legume;
using test::Folder;

namespace {

std::string patch_of(const std::string& hertz, const std::string& more = "") {
    return "legume: 1\ntitle: At " + hertz + "\nnodes:\n  tone: {type: oscillator, frequency: " + hertz +
           " Hz, gain: -12 dB}\n  out: {type: output}\nwires: [tone -> out]\n" + more;
}

void write(const std::filesystem::path& file, const std::string& text) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // file systems count time in steps of some
    std::ofstream(file.string() + ".new") << text;
    std::filesystem::rename(file.string() + ".new", file);
}

// A set under way, without a device: time goes on by the block, and the loader has a thread of its own as it has live.
struct Show {
    Folder folder;
    std::string said, answer;
    Runner runner{{48'000, 0, 1, 3, {}}};
    Controls controls{runner};
    Commands commands;
    std::unique_ptr<Cues> cues;
    std::unique_ptr<Loader> loader;
    std::unique_ptr<Setlist> setlist;
    test::Samples heard;

    explicit Show(const std::vector<std::string>& patches, const std::string& set = "") {
        std::vector<std::filesystem::path> files;
        for (std::size_t i = 0; i < patches.size(); ++i) {
            files.push_back(folder / (std::string(1, static_cast<char>('a' + i)) + ".yaml"));
            write(files.back(), patches[i]);
        }
        if (!set.empty()) {
            files = {folder / "set.yaml"};
            write(files[0], set);
        }
        SetText text;
        const auto problems = read_set(files, {}, text);
        for (const auto& problem : problems) FAIL(to_string(problem));
        auto checked = open_in_set(text.patches.at(0).file, text);
        for (const auto& problem : checked.problems) FAIL(to_string(problem));
        REQUIRE(runner.edit(std::move(checked)).empty());
        controls.bind();
        const auto say = [this](const std::string& line) { said += line + "\n"; };
        cues = std::make_unique<Cues>(controls, commands, say);
        loader = std::make_unique<Loader>(
            runner, [text](const std::filesystem::path& file) { return open_in_set(file, text); },
            [](const Patch& patch) { return patch.seed.value_or(3); });
        setlist = std::make_unique<Setlist>(text, *loader, controls, commands, say,
                                            [this](const std::filesystem::path&) { controls.bind(); });
    }
    void play(double seconds) {
        std::array<float, 64> block;
        float* out[] = {block.data()};
        for (int blocks = static_cast<int>(seconds * 750); blocks > 0; --blocks) {
            cues->tick();
            setlist->tick();
            runner.render_block(nullptr, out);
            runner.tick();
            heard.insert(heard.end(), block.begin(), block.end());
        }
    }
    bool comes(const std::function<bool()>& so) {
        return test::eventually([&] {
            play(0.02);
            return so();
        });
    }
    bool ready() {
        return comes([&] { return setlist->status().find("(ready)") != std::string::npos; });
    }
    bool plays(double hertz) {
        return comes([&] {
            return heard.size() > 9'600 &&
                   test::amplitude_at(test::part(heard, heard.size() - 4'800, 4'800), 48'000, hertz) > 0.2;
        });
    }
    std::string run(const std::string& command, const CommandArguments& arguments = {}) {
        return commands.run(command, arguments, Commands::From::here,
                            [this](const std::string& wrong) { answer = wrong; });
    }
};

std::string lines(const Problems& problems, const Folder& folder) {
    std::string text;
    for (const auto& problem : problems) text += to_string(problem) + "\n";
    const auto prefix = folder.path.string() + "/";
    for (std::size_t at = 0; (at = text.find(prefix, at)) != text.npos;) text.erase(at, prefix.size());
    return text;
}

}  // namespace

TEST_CASE("a set's text is read with what is wrong at its place") {
    const Folder folder;
    write(folder / "a.yaml", patch_of("300"));
    const auto problems = [&](const std::string& text) {
        write(folder / "set.yaml", text);
        const auto set = load_set(folder / "set.yaml");
        REQUIRE(set);
        return lines(set->problems, folder);
    };
    CHECK(problems("legume: 1\nsetlist: [a.yaml, {patch: a.yaml, crossfade: 8 s, title: Again}]\n").empty());
    const auto set = load_set(folder / "set.yaml");
    REQUIRE(set->patches.size() == 2);
    CHECK(set->patches[0].crossfade == Crossfade{2, 4});
    CHECK(set->patches[1].crossfade == Crossfade{8, 4});
    CHECK(set->patches[1].title == "Again");
    CHECK(problems("setlist: []\n") ==
          "set.yaml:1:1: the set does not say its format; add `legume: 1` at the top\n"
          "set.yaml:1:1: the set has no patches; add one, such as `- second.yaml`\n");
    CHECK(problems("legume: 1\nsetlist:\n  - b.yaml\n  - {patch: a.yaml, crossfade: -1 s}\n  - {titel: x}\n") ==
          "set.yaml:3:5: there is no file b.yaml beside this set; look at its name and folder\n"
          "set.yaml:4:32: crossfade: -1000 ms is outside 0 s to 120 s\n"
          "set.yaml:5:5: this entry does not say which patch; add `patch: second.yaml`\n"
          "set.yaml:5:6: a patch of a set has no \"titel\"; did you mean \"title\"?\n");
    CHECK(problems("legume: 1\nsetlist: [a.yaml]\nbindings: [{midi: {cc: 1}, to: tone.gain}]\n") ==
          "set.yaml:3:32: a set binds what all of its patches have, setlist and transport; bind tone.gain in its "
          "patch\n");
    CHECK(problems("legume: 1\nsetlist: [a.yaml\nnodes: 1\n").find("this is not YAML") != std::string::npos);
    CHECK_FALSE(load_set(folder / "a.yaml"));
    CHECK_FALSE(load_set(folder / "nothing.yaml"));
}

TEST_CASE("everything that is wrong in any patch of a set is said before it begins, and by check") {
    const Folder folder;
    write(folder / "a.yaml", patch_of("300"));
    write(folder / "b.yaml", patch_of("400 kHz"));
    write(folder / "c.yaml", "legume: 1\nnodes: {out: {type: outpt}}\n");
    write(folder / "set.yaml",
          "legume: 1\nsetlist: [a.yaml, b.yaml, c.yaml]\n"
          "bindings: [{midi: {note: 40}, to: setlist.nxt}]\n");
    const auto name = [&](const char* file) { return (folder / file).string(); };
    const auto both = [&](const std::string& text) {
        CHECK(text.find("b.yaml:4:39: ") != text.npos);
        CHECK(text.find("c.yaml:2:21: there is no node type \"outpt\"") != text.npos);
    };
    both(test::said(1, {"play", name("a.yaml"), name("b.yaml"), name("c.yaml"), "--device", "null", "--no-osc"}));
    const auto said = test::said(1, {"play", name("set.yaml"), "--device", "null", "--no-osc"});
    both(said);
    const auto first = said.find("set.yaml:3:35: ");
    CHECK(first != said.npos);
    CHECK(said.find("set.yaml:3:35: ", first + 1) == said.npos);  // once, and not for each patch
    both(test::said(1, {"check", name("set.yaml")}));
    CHECK(test::said(1, {"render", name("set.yaml"), "-o", name("a.wav")})
              .ends_with("set.yaml: a set is played live; render its patches one by one\n"));
    CHECK(test::said(1, {"play", name("a.yaml"), name("gone.yaml"), "--device", "null", "--no-osc"})
              .find("gone.yaml: there is no such file") != std::string::npos);
}

TEST_CASE("the next patch is ready before it is asked for; next, previous and go play what they name") {
    Show show({patch_of("300"), patch_of("500"), patch_of("700")});
    show.play(0.01);
    CHECK(show.setlist->status().starts_with("1/3 a, next b"));
    REQUIRE(show.ready());
    CHECK(show.run("next").empty());
    show.play(0.01);
    CHECK(show.runner.changes() == 1);  // at once
    CHECK(show.said.find("Now 2/3 b (At 500), over 2 s") != std::string::npos);
    CHECK(show.plays(500));
    CHECK(show.setlist->status().starts_with("2/3 b, next c"));
    CHECK(show.run("go", {3.0}).empty());
    CHECK(show.plays(700));
    CHECK(show.setlist->status() == "3/3 c, the last");
    CHECK(show.run("next") == "this is the last patch of the set; /legume/go 1 begins it anew");
    CHECK(show.run("go", {3.0}) == "3/3 c is what plays; /legume/load with its file begins it anew");
    CHECK(show.run("go", {4.0}) == "the set has 3 patches; send a place counted from 1, or a name");
    CHECK(show.run("go", {std::string("aa")}) == "the set has no \"aa\"; did you mean \"a\"?");
    CHECK(show.run("go", {std::string("a")}).empty());
    CHECK(show.plays(300));
    CHECK(show.run("previous") == "this is the first patch of the set; /legume/next goes on");
    CHECK(show.runner.setlist_controls().position.value() == 1);
    // Pressed while another is on its way: the newest wins, counted from what was asked for.
    CHECK(show.run("next").empty());
    CHECK(show.run("next").empty());
    CHECK(show.plays(700));
    CHECK(show.runner.changes() == 4);
}

TEST_CASE("one patch alone has no next, and can be followed by any other") {
    Show show({patch_of("300")});
    CHECK(show.setlist->status().empty());
    CHECK(show.run("next").starts_with("there is one patch alone; a set is `legume play a.yaml b.yaml`"));
    CHECK(
        show.run("load", {(show.folder / "gone.yaml").string()}).empty());  // it is read elsewhere, and answered later
    CHECK(show.comes(
        [&] { return show.answer.ends_with("gone.yaml: there is no such file; look at its name and folder"); }));
    write(show.folder / "other.yaml", patch_of("900", "cues: [{at: 0.5, set: tone.gain, to: -6 dB}]\n"));
    CHECK(show.run("load", {(show.folder / "other.yaml").string()}).empty());
    CHECK(show.comes([&] { return show.runner.changes() == 1; }));
    const auto came = show.runner.frames();
    CHECK(show.comes([&] { return show.controls.find("tone/gain")->param()->own() == -6; }));
    CHECK(show.runner.frames() > came + 20'000);  // its cues count from when it came
    CHECK(show.plays(900));
}

TEST_CASE("a patch of the set that is broken while it waits is said, and comes as it was; mended it comes as it is") {
    Show show({patch_of("300"), patch_of("500")});
    REQUIRE(show.ready());
    write(show.folder / "b.yaml", "legume: 1\nnodes: {out: {type: outpt}}\n");
    CHECK(show.comes([&] {
        return show.said.find("b.yaml has faults; as it was before it is ready all the same:") != std::string::npos;
    }));
    CHECK(show.said.find("b.yaml:2:21: there is no node type \"outpt\"") != std::string::npos);
    CHECK(show.setlist->status() == "1/2 a, next b (ready as it was)");
    SUBCASE("still broken") {
        CHECK(show.run("next").empty());
        CHECK(show.plays(500));
    }
    SUBCASE("mended") {
        write(show.folder / "b.yaml", patch_of("800"));
        REQUIRE(show.ready());
        CHECK(show.run("next").empty());
        CHECK(show.plays(800));
    }
}

TEST_CASE("a patch that does not load is said, and what plays plays on") {
    Show show({patch_of("300"), patch_of("500"), patch_of("700")});
    write(show.folder / "c.yaml", "legume: 1\nnodes: {out: {type: outpt}}\n");
    CHECK(show.run("go", {3.0}).empty());
    CHECK(show.comes(
        [&] { return show.said.find("c.yaml has faults; what was playing plays on:") != std::string::npos; }));
    CHECK(show.plays(300));
    CHECK(show.runner.changes() == 0);
    CHECK(show.ready());  // and the next is as ready as ever
    write(show.folder / "c.yaml", patch_of("700"));
    CHECK(show.run("go", {3.0}).empty());
    CHECK(show.plays(700));
}

TEST_CASE("a control that is bound to the set in its text goes on whichever patch plays, and a fader is picked up") {
    Show show({patch_of("300", "bindings: [{midi: {cc: 1}, to: tone.gain}]\n"),
               patch_of("500", "bindings: [{midi: {cc: 1}, to: tone.gain}]\n")},
              "legume: 1\ncrossfade: 0.1 s\nsetlist: [a.yaml, b.yaml]\nbindings:\n"
              "  - {midi: {note: 40}, to: setlist.next}\n  - {midi: {program: all}, to: setlist.go}\n");
    MidiRouter router(show.controls);
    const auto send = [&](MidiEvent::Kind kind, int number, int value) {
        const MidiEvent event{kind, 1, number, value};
        router.take(std::span(&event, 1), "nano");
    };
    send(MidiEvent::Kind::cc, 1, 64);
    const float moved = show.controls.find("tone/gain")->param()->own();
    CHECK(moved != -12);
    REQUIRE(show.ready());
    send(MidiEvent::Kind::note_on, 40, 100);
    CHECK(show.comes([&] { return show.runner.changes() == 1; }));
    const auto gain = [&] { return show.controls.find("tone/gain")->param()->own(); };
    CHECK(gain() == -12);
    send(MidiEvent::Kind::cc, 1, 20);
    CHECK(gain() == -12);  // it waits
    send(MidiEvent::Kind::cc, 1, 127);
    CHECK(gain() == 24);  // it has passed the value
    send(MidiEvent::Kind::program, 0, 0);
    CHECK(show.comes([&] { return show.runner.changes() == 2; }));
    CHECK(show.setlist->status().starts_with("1/2 a"));
}

TEST_CASE("what a cue goes over to is ready before its time") {
    Show show({patch_of("300", "cues: [{at: 1.5, patch: c.yaml}]\n"), patch_of("500"), patch_of("900")},
              "legume: 1\nsetlist: [a.yaml, b.yaml]\n");
    CHECK(show.comes([&] { return show.setlist->status().find("next c (ready)") != std::string::npos; }));
    CHECK(show.comes([&] { return show.runner.changes() == 1; }));
    if (show.said.find("Getting") == std::string::npos)  // else this machine took more than a second to read it
        CHECK(show.runner.arrival().frame == doctest::Approx(72'000).epsilon(0.002));
    CHECK(show.plays(900));
    CHECK(show.run("next").empty());  // the set goes on where it was left
    CHECK(show.plays(500));
}

// What the program says, and its exit code, when it is asked for what cannot be.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>

#include "tests/child.h"
#include "tests/folder.h"
#include "tests/harness.h"

using namespace legume::test;

namespace {

struct Desk {
    Desk() {
        setenv("XDG_CONFIG_HOME", folder.path.c_str(), 1);  // what this machine remembers is not what is tested
        write("tone.yaml",
              "legume: 1\nnodes:\n  tone: {type: oscillator}\n  out: {type: output}\nwires: [tone -> out]\n");
        write("broken.yaml", "legume: 1\nnodes:\n  tone: {type: oscilator}\n  out: {type: output}\n");
    }
    void write(const char* name, const char* text) const { std::ofstream(folder / name) << text; }
    std::string at(const char* name) const { return (folder / name).string(); }
    // Asks for what must fail with exit code 1; gives all that was said.
    std::string refused(std::vector<std::string> command, std::string program = built("legume")) const {
        const auto text = said(1, std::move(command), std::move(program));
        CHECK(!std::filesystem::exists(folder / "out.wav"));
        return text;
    }
    // For `play`: nothing of this machine is opened but what the case asks for.
    std::string play_refused(const char* patch, std::vector<std::string> more) const {
        more.insert(more.begin(), {"play", at(patch), "--no-osc", "--seconds", "0.1"});
        return refused(more);
    }
    Folder folder;
};

bool ends_with(const std::string& text, const std::string& end) { return text.ends_with(end + "\n"); }

}  // namespace

TEST_CASE("a patch that is not there is said by every command") {
    const Desk desk;
    const auto said = desk.at("nowhere.yaml") + ": there is no such file; look at its name and folder\n";
    CHECK(desk.refused({"check", desk.at("nowhere.yaml")}) == said);
    CHECK(desk.refused({"render", desk.at("nowhere.yaml"), "--seconds", "1", "-o", desk.at("out.wav")}) == said);
    CHECK(desk.refused({"describe", "--osc", desk.at("nowhere.yaml")}) == said);
    CHECK(desk.play_refused("nowhere.yaml", {"--device", "null", "--record", desk.at("out.wav")}) == said);
}

TEST_CASE("a broken patch is said by every command, and nothing is played or written") {
    const Desk desk;
    const auto said =
        desk.at("broken.yaml") + ":3:16: there is no node type \"oscilator\"; did you mean \"oscillator\"?\n";
    CHECK(desk.refused({"check", desk.at("broken.yaml")}) == said);
    CHECK(desk.refused({"render", desk.at("broken.yaml"), "--seconds", "1", "-o", desk.at("out.wav")}) == said);
    CHECK(desk.play_refused("broken.yaml", {"--device", "null", "--record", desk.at("out.wav")}) == said);
    // With a valid patch beside it, both are looked at.
    const auto both = desk.refused({"check", desk.at("broken.yaml"), desk.at("tone.yaml")});
    CHECK(both.find(said) != both.npos);
    CHECK(both.find(desk.at("tone.yaml") + ": valid, 2 nodes, 1 wires\n") != both.npos);
}

TEST_CASE("a file that cannot be written is said before anything plays") {
    const Desk desk;
    const auto lost = desk.at("nowhere/out.wav");
    const auto said = lost + " cannot be written: there is no folder " + desk.at("nowhere");
    CHECK(desk.refused({"render", desk.at("tone.yaml"), "--seconds", "1", "-o", lost}) == said + "\n");
    CHECK(ends_with(desk.play_refused("tone.yaml", {"--device", "null", "--record", lost}), said));
}

TEST_CASE("a sound file of no known kind is refused by its ending") {
    const Desk desk;
    for (const char* name : {"out.mp3", "out"}) {
        const auto said = desk.at(name) + " must end in .wav or .flac";
        CHECK(desk.refused({"render", desk.at("tone.yaml"), "--seconds", "1", "-o", desk.at(name)}) == said + "\n");
        CHECK(ends_with(desk.play_refused("tone.yaml", {"--device", "null", "--record", desk.at(name)}), said));
        CHECK(!std::filesystem::exists(desk.folder / name));
    }
}

TEST_CASE("an unknown sound card is answered with those there are") {
    const Desk desk;
    const auto said = desk.play_refused("tone.yaml", {"--device", "no such card"});
    CHECK(said.find("no sound card is called \"no such card\"; there are ") != said.npos);
    CHECK(ends_with(said, "\"null\""));
}

TEST_CASE("a render must know how long it goes") {
    const Desk desk;
    CHECK(desk.refused({"render", desk.at("tone.yaml"), "-o", desk.at("out.wav")}) ==
          desk.at("tone.yaml") + ": the patch has no length; say --seconds S, or add length: 20 s to it\n");
}

TEST_CASE("numbers on the command line have their limits") {
    const Desk desk;
    for (const std::string rate : {"7", "1e9", "nan", "inf", "fast", "-48000"}) {
        CAPTURE(rate);
        const auto said = "--rate: " + rate + " is not a number from 8000 to 384000";
        const auto render =
            desk.refused({"render", desk.at("tone.yaml"), "--seconds", "1", "-o", desk.at("out.wav"), "--rate", rate});
        CHECK(render.starts_with(said));
        CHECK(desk.play_refused("tone.yaml", {"--device", "null", "--rate", rate}).starts_with(said));
    }
    for (const char* seconds : {"0", "nan", "-1"})
        CHECK(desk.refused({"render", desk.at("tone.yaml"), "-o", desk.at("out.wav"), "--seconds", seconds})
                  .starts_with("--seconds"));
    CHECK(desk.play_refused("tone.yaml", {"--buffer", "0"}).starts_with("--buffer"));
    CHECK(desk.play_refused("tone.yaml", {"--osc-port", "70000"}).starts_with("--osc-port"));
}

TEST_CASE("an unknown node is described by the one that was meant") {
    const Desk desk;
    CHECK(desk.refused({"describe", "filtre"}) == "there is no node type \"filtre\"; did you mean \"filter\"?\n");
    CHECK(desk.refused({"describe", "cathedral"}) ==
          "there is no node type \"cathedral\"; legume describe lists them\n");
}

TEST_CASE("without its trainer, train says the one command that adds it") {
    const Desk desk;
    std::filesystem::copy_file(built("legume"), desk.folder / "legume");
    CHECK(desk.refused({"train", desk.at("tone.yaml")}, desk.at("legume")) ==
          "the trainer is not built here; ./host/setup training adds it\n");
}

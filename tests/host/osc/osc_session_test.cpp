// The program itself on the null device, told by OSC what to play, to record and to end.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "nodes/sound/sound_file.h"
#include "tests/harness.h"
#include "tests/host/osc/desk.h"

using namespace legume;
using namespace legume::test;

namespace {

const char* const tone = R"(legume: 1
nodes:
  tone: {type: oscillator, frequency: 220 Hz, gain: -6 dB}
  out:  {type: output}
wires: [tone -> out]
)";
const char* const hiss = R"(legume: 1
nodes:
  hiss: {type: noise, gain: -12 dB}
  out:  {type: output}
wires: [hiss -> out]
)";

}  // namespace

TEST_CASE("another program loads a patch, records it, asks how it is and ends it, all by OSC") {
    Folder folder;
    setenv("XDG_CONFIG_HOME", folder.path.c_str(), 1);  // what this machine remembers is not what is tested
    std::ofstream(folder / "tone.yaml") << tone;
    std::ofstream(folder / "hiss.yaml") << hiss;
    std::ofstream(folder / "broken.yaml") << "legume: 1\nnodes:\n  out: {type: outptu}\n";
    const int port = OscSocket(OscSocket::Listen::loopback, 0, [](auto, const auto&) {}).port();
    const OscPeer host{0x7f000001, static_cast<std::uint16_t>(port)};
    Child legume({built("legume"), "play", (folder / "tone.yaml").string(), "--device", "null", "--osc-port",
                  std::to_string(port)});
    REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
    Ear ear;
    const auto refused = [&](const char* command, const std::string& argument, const std::string& why) {
        ear.send({std::string("/legume/") + command, {argument}}, host);
        CHECK(ear.hears("/legume/error", why));
    };
    refused("load", "nowhere.yaml", "nowhere.yaml: there is no such file; look at its name and folder");
    refused("load", (folder / "broken.yaml").string(),
            (folder / "broken.yaml").string() + ":3:15: there is no node type \"outptu\"; did you mean \"output\"?");
    refused("record", (folder / "take.mp3").string(), (folder / "take.mp3").string() + " must end in .wav or .flac");
    ear.send({"/legume/record", {}}, host);
    CHECK(ear.hears("/legume/error", std::string("nothing is being recorded; /legume/record FILE begins")));

    ear.send({"/legume/record", {(folder / "take.wav").string()}}, host);
    CHECK(legume.says("Recording "));
    ear.send({"/legume/load", {(folder / "hiss.yaml").string()}}, host);
    CHECK(legume.says("Now hiss.yaml, over 2 s"));
    refused("relaod", "", "nothing answers at /legume/relaod; did you mean /legume/reload?");
    ear.send({"/legume/reload", {}}, host);
    ear.send({"/legume/stats", {}}, host);
    CHECK(ear.hears("/legume/stats/controls", 0.0f));
    ear.send({"/legume/record", {}}, host);
    CHECK(legume.says("Recorded "));
    const auto take = read_sound(folder / "take.wav");
    CHECK(take.channels == 2);
    refused("record", (folder / "take.wav").string(),
            (folder / "take.wav").string() + " is there already; choose another name");

    ear.send({"/legume/quit", {}}, host);
    CHECK(legume.wait() == 0);
    CHECK(legume.says("Played"));
}

TEST_CASE("what a patch sends arrives as one number at each address, and anew where an edit sends it elsewhere") {
    Folder folder;
    setenv("XDG_CONFIG_HOME", folder.path.c_str(), 1);
    Ear first, second;
    const auto write =
        [&](const Ear& ear, const char* frequency) {
            std::ofstream(folder / "new")
                << "legume: 1\nnodes:\n  tone: {type: oscillator, frequency: " << frequency
                << ", gain: -6 dB}\n  out: {type: output}\n  slow: {type: lfo, shape: square, rate: 0.01 Hz}\n"
                << "  eye: {type: osc-send, address: /td/eye, to: \"127.0.0.1:" << ear.peer().port
                << "\"}\nwires: [tone -> out, slow -> eye]\nsend:\n"
                << "  - {to: \"127.0.0.1:" << ear.peer().port << "\", values: [tone.frequency, out.level], rate: 50}\n";
            std::filesystem::rename(folder / "new", folder / "patch.yaml");
        };
    write(first, "220 Hz");
    const int port = OscSocket(OscSocket::Listen::loopback, 0, [](auto, const auto&) {}).port();
    Child legume({built("legume"), "play", (folder / "patch.yaml").string(), "--device", "null", "--osc-port",
                  std::to_string(port)});
    REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
    CHECK(first.hears("/tone/frequency", 220.0f));
    CHECK(eventually([&] {
        const auto level = first.newest("/out/level");
        return level && std::abs(std::get<float>(*level) + 6) < 0.5f;  // of a block, once it has faded in
    }));
    CHECK(first.hears("/td/eye", 1.0f));
    write(second, "330 Hz");
    CHECK(legume.says("Reloaded: "));
    CHECK(second.hears("/tone/frequency", 330.0f));
    CHECK(second.hears("/td/eye", 1.0f));
    legume.signal(SIGTERM);
    CHECK(legume.wait() == 0);
}

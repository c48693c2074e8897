// A live run on the null device, against a render of the same patch and seed: the same samples, whatever the machine.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "host/osc/osc.h"
#include "host/osc/socket.h"
#include "nodes/sound/sound_file.h"
#include "tests/child.h"
#include "tests/folder.h"
#include "tests/harness.h"
#include "tests/nodes/samplernn/network_of.h"

using namespace legume;
using namespace legume::test;

namespace {

const char* const tone_patch = R"(legume: 1
nodes:
  saw:  {type: oscillator, shape: saw, frequency: 110 Hz, gain: -9 dB}
  hiss: {type: noise, gain: -20 dB}
  sway: {type: lfo, rate: 3 Hz}
  tone: {type: filter, cutoff: 2 kHz}
  echo: {type: delay, time: 0.11, feedback: 0.5}
  out:  {type: output}
wires:
  - saw -> tone
  - hiss -> tone
  - {wire: sway -> tone.cutoff, depth: 0.3}
  - tone -> echo -> out
  - tone -> out
)";

const char* const network_patch = R"(legume: 1
nodes:
  dream: {type: samplernn, model: network.safetensors, ahead: 0.5, gain: -6 dB}
  tone:  {type: filter, cutoff: 2 kHz}
  out:   {type: output}
wires:
  - dream -> tone -> out
)";

struct Desk {
    Desk() { setenv("XDG_CONFIG_HOME", folder.path.c_str(), 1); }  // what this machine remembers is not what is tested
    void write(const std::string& text) {
        std::ofstream(folder / "new") << text;
        std::filesystem::rename(folder / "new", folder / "patch.yaml");
    }
    std::vector<std::string> command(const char* verb, const std::vector<std::string>& more) const {
        std::vector<std::string> all{built("legume"), verb, (folder / "patch.yaml").string()};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    // The run's last words.
    std::string play(std::vector<std::string> more) const {
        more.insert(more.end(), {"--device", "null", "--record", (folder / "live.wav").string()});
        Child legume(command("play", more));
        REQUIRE_MESSAGE(legume.wait() == 0, legume.output());
        return legume.output();
    }
    std::string bytes(const std::string& name) const {
        std::ifstream file(folder / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void render(const std::vector<std::string>& more) const {
        auto all = command("render", more);
        all.insert(all.end(), {"-o", (folder / "render.wav").string()});
        Child legume(all);
        REQUIRE_MESSAGE(legume.wait() == 0, legume.output());
    }
    Folder folder;
};

Channels channels_of(const std::filesystem::path& file) {
    const auto sound = read_sound(file);
    const auto count = static_cast<std::size_t>(sound.channels);
    Channels all(count, Samples(sound.frames()));
    for (std::size_t i = 0; i < sound.samples.size(); ++i) all[i % count][i / count] = sound.samples[i];
    return all;
}

}  // namespace

TEST_CASE("two live seconds without a sound card are two seconds, and a render of them has the same bytes") {
    Desk desk;
    desk.write(tone_patch);
    for (const char* buffer : {"256", "100"}) {
        desk.play({"--no-osc", "--seed", "11", "--seconds", "2", "--buffer", buffer});
        const auto sound = channels_of(desk.folder / "live.wav");
        REQUIRE(sound.size() == 2);
        CHECK(sound[0].size() == 96'000);
        CHECK(finite(sound));
        CHECK(rms(part(sound[0], 48'000, 48'000)) > 0.05);
        desk.render({"--seed", "11", "--seconds", "2"});
        CHECK(desk.bytes("live.wav") == desk.bytes("render.wav"));
    }
    desk.render({"--seed", "12", "--seconds", "2"});
    CHECK(desk.bytes("live.wav") != desk.bytes("render.wav"));
}

TEST_CASE("a network that plays live plays the same in a render") {
    Desk desk;
    desk.write(network_patch);
    auto config = samplernn::small_config();
    config.dim = 16;
    write_checkpoint(desk.folder / "network.safetensors", samplernn::network_of(config), samplernn::Storage::f32);
    const auto said = desk.play({"--no-osc", "--seed", "11", "--seconds", "2"});
    const auto sound = channels_of(desk.folder / "live.wav");
    REQUIRE(sound.size() == 2);
    CHECK(sound[0].size() == 96'000);
    CHECK(finite(sound));
    CHECK(rms(part(sound[0], 48'000, 48'000)) > 0.001);
    desk.render({"--seed", "11", "--seconds", "2"});
    if (said.find("covering") == said.npos)
        CHECK(desk.bytes("live.wav") == desk.bytes("render.wav"));
    else
        MESSAGE("not compared, this machine was too slow: ", said);
}

TEST_CASE("OSC and edits reach a run on the null device") {
    Desk desk;
    desk.write(tone_patch);
    const int port = OscSocket(OscSocket::Listen::loopback, 0, [](auto, const auto&) {}).port();
    Child legume(desk.command("play", {"--device", "null", "--osc-port", std::to_string(port), "--record",
                                       (desk.folder / "live.wav").string()}));
    REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
    OscSocket hand(OscSocket::Listen::loopback, 0, [](auto, const auto&) {});
    const OscPeer to{0x7f000001, static_cast<std::uint16_t>(port)};
    for (int i = 0; i < 200; ++i) hand.send(compose_osc("/tone/cutoff", {static_cast<float>(200 + 20 * i)}), to);
    std::string text(tone_patch);
    desk.write(text.replace(text.find("shape: saw"), 10, "shape: sine"));
    CHECK_MESSAGE(legume.says("Reloaded: changed saw.shape"), legume.output());
    desk.write(tone_patch + std::string("  - saw -> out\n"));
    CHECK_MESSAGE(legume.says("Reloaded: changed saw.shape, rewired"), legume.output());
    hand.send(compose_osc("/tone/cutoff", {500.0f}), to);
    legume.signal(SIGTERM);
    CHECK_MESSAGE(legume.wait() == 0, legume.output());
    CHECK_MESSAGE(legume.output().find(" 0 controls") == std::string::npos, legume.output());
    CHECK(finite(channels_of(desk.folder / "live.wav")));
}

TEST_CASE("a scene that was stored live is recalled after a restart, and cues move what plays when it is their time") {
    Desk desk;
    const int port = OscSocket(OscSocket::Listen::loopback, 0, [](auto, const auto&) {}).port();
    OscSocket hand(OscSocket::Listen::loopback, 0, [](auto, const auto&) {});
    const OscPeer to{0x7f000001, static_cast<std::uint16_t>(port)};
    const auto play = [&](const char* shows) {
        return desk.command("play", {"--device", "null", "--osc-port", std::to_string(port), "--shows",
                                     (desk.folder / shows).string()});
    };
    desk.write(tone_patch);
    {
        Child legume(play("first"));
        REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
        hand.send(compose_osc("/tone/cutoff", {531.0f}), to);
        hand.send(compose_osc("/legume/scene-store", {std::string("mine")}), to);
        CHECK_MESSAGE(legume.says("Stored the scene mine in "), legume.output());
        legume.signal(SIGTERM);
        CHECK(legume.wait() == 0);
    }
    desk.write(tone_patch +
               std::string("cues:\n  - {at: 0, set: echo.feedback, to: 0.1}\n  - {at: 0.5, scene: mine}\n"));
    Child legume(play("second"));
    const auto log = [&] {
        std::error_code error;
        for (const auto& show : std::filesystem::directory_iterator(desk.folder / "second", error))
            return desk.bytes("second/" + show.path().filename().string() + "/show.log");
        return std::string();
    };
    CHECK(eventually([&] { return log().find(" tone/cutoff 531 own ") != std::string::npos; }));
    legume.signal(SIGTERM);
    CHECK(legume.wait() == 0);
    const auto written = log();
    CHECK(written.find(" set 0 echo/feedback 0.1 own ") != written.npos);  // before the first block
    const auto line = written.rfind(" set ", written.find(" tone/cutoff 531 own"));
    CHECK(std::stoul(written.substr(line + 5)) >= 24'000);
}

TEST_CASE("on a terminal the line at the bottom tells where in the piece it is") {
    Folder folder;
    setenv("XDG_CONFIG_HOME", folder.path.c_str(), 1);
    std::ofstream(folder / "patch.yaml") << "legume: 1\ntempo: 400\nnodes: {out: {type: output}}\n";
    const auto command = built("legume") + " play " + (folder / "patch.yaml").string() + " --device null --no-osc";
    Child terminal({"script", "-qefc", command, "/dev/null"});  // Debian's bsdutils, which is always there
    CHECK_MESSAGE(terminal.says(" | 2.1 at 400 bpm\033[K"), terminal.output());
}

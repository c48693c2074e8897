// While an edit or another patch is read, however long that takes, hands, cues and the end are never kept waiting.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "tests/harness.h"
#include "tests/host/osc/desk.h"

using namespace legume;
using namespace legume::test;

namespace {

// The program on the null device, with a patch that is edited under it, and a folder `slow` whose files do not answer
// until let_go().
struct Show {
    Folder folder;
    const int port = OscSocket(OscSocket::Listen::loopback, 0, [](auto, const auto&) {}).port();
    const OscPeer host{0x7f000001, static_cast<std::uint16_t>(port)};
    Ear ear;
    std::unique_ptr<Child> legume;

    Show() {
        setenv("XDG_CONFIG_HOME", folder.path.c_str(), 1);  // what this machine remembers is not what is tested
        std::filesystem::create_directory(folder / "slow");
        edit("");
        std::vector<std::string> command{"/usr/bin/env"};
        if (!sanitized) command.push_back("LD_PRELOAD=" + built("libslow_files.so"));
        command.insert(command.end(), {built("legume"), "play", (folder / "patch.yaml").string(), "--device", "null",
                                       "--osc-port", std::to_string(port)});
        legume = std::make_unique<Child>(command);
        REQUIRE_MESSAGE(legume->says("Ctrl-C stops."), legume->output());
    }
    static std::string text(const std::string& more, const std::string& frequency = "220 Hz") {
        return "legume: 1\nnodes:\n  tone: {type: oscillator, frequency: " + frequency +
               ", gain: -12 dB}\n  out: {type: output}\n" + more + "wires: [tone -> out]\n";
    }
    void write(const std::string& name, const std::string& text) {
        std::ofstream(folder / "new") << text;
        std::filesystem::rename(folder / "new", folder / name);
    }
    void edit(const std::string& more) { write("patch.yaml", text(more)); }
    void sound(const std::string& name) { write_wav(folder / "slow" / name, {noise(4'800, 1, 0.1f)}, 48'000); }
    void let_go() { std::ofstream(folder / "slow" / "go") << ""; }
    // It is answered, and a knob goes where it is turned to.
    bool obeys(float hertz) {
        const int before = ear.count("/legume/pong");
        ear.send({"/legume/subscribe", {std::string("/tone/frequency")}}, host);
        ear.send({"/tone/frequency", {hertz}}, host);
        ear.send({"/legume/ping", {}}, host);
        return eventually([&] { return ear.count("/legume/pong") > before; }) &&
               eventually([&] { return ear.newest("/tone/frequency") == OscArgument(hertz); });
    }
    int times(const std::string& words) {
        int found = 0;
        for (const auto& line : legume->lines()) found += line.find(words) != line.npos;
        return found;
    }
    bool ends() {
        legume->signal(SIGINT);
        return legume->wait() == 0 && legume->says("Played");
    }
};

}  // namespace

TEST_CASE("while an edit's sound is not read yet, knobs move and pings are answered; then it is heard") {
    if (sanitized) return;  // the slow disk cannot be loaded before a sanitizer
    Show show;
    show.sound("loop.wav");
    show.edit("  loop: {type: granulator, file: slow/loop.wav}\n");
    for (const float hertz : {300.0f, 400.0f, 500.0f}) {
        CHECK(show.obeys(hertz));
        std::this_thread::sleep_for(std::chrono::milliseconds(300));  // by now it has been seen
    }
    CHECK(show.times("Reloaded") == 0);
    show.let_go();
    CHECK(show.legume->says("Reloaded: added loop"));
    CHECK(show.obeys(600));
    CHECK(show.ends());
}

TEST_CASE("Ctrl-C ends a show whose edit, or whose next patch, is read from a disk that never answers") {
    if (sanitized) return;
    SUBCASE("an edit") {
        Show show;
        show.sound("loop.wav");
        show.edit("  loop: {type: player, file: slow/loop.wav}\n");
        std::this_thread::sleep_for(std::chrono::milliseconds(700));
        CHECK(show.obeys(300));
        CHECK(show.ends());
        CHECK(show.times("Reloaded") == 0);
    }
    SUBCASE("a patch that is asked for") {
        Show show;
        show.write("slow/next.yaml", Show::text(""));
        show.ear.send({"/legume/load", {(show.folder / "slow" / "next.yaml").string()}}, show.host);
        CHECK(show.legume->says("Getting next.yaml ready"));
        CHECK(show.obeys(300));
        CHECK(show.ends());
    }
    SUBCASE("an edit, behind a patch that is asked for") {
        Show show;
        show.write("slow/next.yaml", Show::text(""));
        show.ear.send({"/legume/load", {(show.folder / "slow" / "next.yaml").string()}}, show.host);
        CHECK(show.legume->says("Getting next.yaml ready"));
        show.edit("  more: {type: noise}\n");
        std::this_thread::sleep_for(std::chrono::milliseconds(700));
        CHECK(show.obeys(300));
        CHECK(show.ends());
    }
}

TEST_CASE(
    "an edit that names a pipe, a device or a folder for a sound is refused at its place, and what plays plays on") {
    Show show;
    REQUIRE(::mkfifo((show.folder / "pipe.wav").c_str(), 0600) == 0);
    const auto refused = [&](const std::string& file, const std::string& why) {
        show.edit("  loop: {type: player, file: " + file + "}\n");
        CHECK_MESSAGE(show.legume->says("patch.yaml:5:30: " + why), show.legume->output());
        CHECK(show.obeys(300 + static_cast<float>(file.size())));
    };
    refused("pipe.wav", (show.folder / "pipe.wav").string() + " is a pipe; name a file");
    refused("/dev/zero", "/dev/zero is a device; name a file");
    refused("slow", (show.folder / "slow").string() + " is a folder; name a sound file in it");
    show.edit("");
    CHECK(show.legume->says("again"));
    ::mkfifo((show.folder / "pipe.yaml").c_str(), 0600);
    show.ear.send({"/legume/load", {(show.folder / "pipe.yaml").string()}}, show.host);
    CHECK(show.ear.hears("/legume/error", (show.folder / "pipe.yaml").string() + ": this is a pipe; name a file"));
    CHECK(show.obeys(700));
    CHECK(show.ends());
}

TEST_CASE("of a hundred saves in a moment the last one plays, and most are never prepared") {
    Show show;
    for (int i = 1; i <= 100; ++i) {
        show.write("patch.yaml", Show::text("", std::to_string(200 + i) + " Hz"));
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    show.ear.send({"/legume/subscribe", {std::string("/tone/frequency")}}, show.host);
    CHECK(show.ear.hears("/tone/frequency", 300.0f));
    CHECK(show.times("Reloaded: changed tone.frequency") < 50);
    CHECK(show.ends());
}

TEST_CASE("who asks for a reload of a broken patch, or for a patch that is broken, is told what is wrong with it") {
    Show show;
    show.edit("  loop: {type: plaer}\n");
    show.ear.send({"/legume/reload", {}}, show.host);
    const auto here = (show.folder / "patch.yaml").string();
    CHECK(show.ear.hears("/legume/error", here + ":5:16: there is no node type \"plaer\"; did you mean \"player\"?"));
    show.edit("");
    CHECK(show.legume->says("again"));
    CHECK(show.ends());
}

// A set on JACK's dummy driver, under a player's hands: what the loudspeakers get from one patch to the next.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/live/jack.h"
#include "tests/live/stage.h"

using namespace legume;
using namespace legume::test;

namespace {

std::string beep_of(const char* hertz) {
    return std::string("legume: 1\nnodes:\n  beep: {type: oscillator, frequency: ") + hertz +
           " Hz, gain: -6 dB}\n  out: {type: output}\nwires: [beep -> out]\n";
}

void put(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file.string() + ".new") << text;
    std::filesystem::rename(file.string() + ".new", file);
}

}  // namespace

TEST_CASE("a set is gone through by OSC and MIDI, reloaded and broken meanwhile, without a click or a hole") {
    const JackServer server;
    JackClient performer;
    Stage stage(beep_of("300"));
    put(stage.folder / "second.yaml", beep_of("500"));
    put(stage.folder / "third.yaml", beep_of("700"));
    put(stage.folder / "patch.yaml", beep_of("300"));
    put(stage.folder / "set.yaml",
        "legume: 1\ncrossfade: 0.5 s\nsetlist: [patch.yaml, second.yaml, third.yaml]\n"
        "bindings: [{midi: {note: 40}, to: setlist.next}]\n");
    auto command = stage.command({"--record", (stage.folder / "take.wav").string()});
    command[2] = (stage.folder / "set.yaml").string();
    Child legume(command);
    REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
    REQUIRE(performer.play_into("legume:midi_in"));
    OscHand hand(stage.port);
    const auto plays = [&](double hertz) {
        return stage.heard([&](const Samples& x) { return beep(x, hertz) > 0.45; });
    };
    CHECK(plays(300));
    hand.send("/legume/previous", {});
    CHECK(hand.hears("/legume/error", "this is the first patch of the set"));
    hand.send("/setlist/next", {});
    CHECK_MESSAGE(legume.says("Now 2/3 second"), legume.output());
    CHECK(plays(500));
    put(stage.folder / "second.yaml", beep_of("400"));  // an edit, as ever
    CHECK_MESSAGE(legume.says("Reloaded: changed beep.frequency"), legume.output());
    CHECK(plays(400));
    performer.note(40, 100);
    CHECK_MESSAGE(legume.says("Now 3/3 third"), legume.output());
    CHECK(plays(700));
    hand.send("/legume/next", {});
    CHECK(hand.hears("/legume/error", "this is the last patch of the set"));
    put(stage.folder / "third.yaml", "legume: 1\nnodes: {out: {type: outpt}}\n");
    CHECK_MESSAGE(legume.says("The patch has faults; what was playing plays on:"), legume.output());
    hand.send("/legume/go", {std::string("patch")});
    CHECK_MESSAGE(legume.says("Now 1/3 patch"), legume.output());
    CHECK(plays(300));
    legume.signal(SIGTERM);
    CHECK_MESSAGE(legume.wait() == 0, legume.output());
    CHECK(legume.output().find("; 3 changes of patch, ") != std::string::npos);

    const auto all = stage.recorded();
    // A sine of -6 dB steps by 0.5 * 2 pi f / 48000 at the most; the highest two together by twice what 700 Hz does.
    CHECK(largest_step(part(all, 48'000, all.size() - 48'000)) < 2 * 0.5 * 2 * 3.1416 * 700 / 48'000);
    std::size_t silent = 0, longest = 0;
    for (std::size_t i = 48'000; i < all.size(); ++i)
        longest = std::max(longest, silent = all[i] == 0 ? silent + 1 : 0);
    CHECK(longest < 64);
}

TEST_CASE("the sound server dies before a change: the change comes all the same") {
    JackServer server;
    Stage stage(beep_of("300"));
    put(stage.folder / "second.yaml", beep_of("500"));
    auto command = stage.command({"--record", (stage.folder / "take.wav").string()});
    command.insert(command.begin() + 3, (stage.folder / "second.yaml").string());
    Child legume(command);
    REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
    REQUIRE(eventually([&] { return stage.recorded().size() >= 48'000; }));
    server.crash();
    OscHand hand(stage.port);
    hand.send("/legume/next", {});
    CHECK_MESSAGE(legume.says("Now 2/2 second"), legume.output());
    CHECK(stage.heard([](const Samples& x) { return beep(x, 500) > 0.45; }));
    legume.signal(SIGTERM);
    CHECK_MESSAGE(legume.wait() == 0, legume.output());
}

TEST_CASE("keys go through a set, and the terminal is given back whatever ends the program") {
    Stage stage(beep_of("300"));
    put(stage.folder / "second.yaml", beep_of("500"));
    const auto name = [&](const char* file) { return (stage.folder / file).string(); };
    put(stage.folder / "show.sh", "trap : INT QUIT\nulimit -c 0\n" + built("legume") + " play " + name("patch.yaml") +
                                      " " + name("second.yaml") + " --device null --no-osc --crossfade 0.1\nstty -a\n");
    // What is typed: a key once the set plays, then Ctrl-C, or what kills it at once.
    for (const std::string ending : {"\\003", "\\034"}) {
        CAPTURE(ending);
        std::ofstream(name("screen")) << "";
        const auto until = [&](const std::string& text) {
            return "until grep -q '" + text + "' " + name("screen") + "; do sleep 0.1; done; ";
        };
        // exec: a plain shell in between would die of Ctrl-\ too, and the terminal close before its state is told.
        Child terminal({"bash", "-c",
                        "(" + until("Keys: n next") + "printf n; " + until("Now 2/2") + "printf '" + ending + "'; " +
                            until("icanon") + ") | script -qfc 'exec sh " + name("show.sh") + "' " + name("screen")});
        CHECK_MESSAGE(terminal.says("Now 2/2 second"), terminal.output());
        CHECK_MESSAGE(terminal.says(" icanon "), terminal.output());
        CHECK(terminal.output().find(" -echo ") == std::string::npos);
        terminal.wait();
    }
}

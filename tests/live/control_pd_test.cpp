// Pure Data as the other computer's program: its messages as they come, and what is heard of them.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/live/jack.h"
#include "tests/live/stage.h"

using namespace legume;
using namespace legume::test;

namespace {

const char* const scenes = R"(scenes:
  dry: {blend.position: 0, program: 3}
  wet: {blend.position: 1, over: 500 ms, program: 4}
)";

std::vector<std::string> pd(int port, const std::string& messages) {
    return {"pd",
            "-nogui",
            "-nomidi",
            "-noaudio",
            "-send",
            "port " + std::to_string(port) + "; " + messages,
            (source_folder() / "tests" / "live" / "sweep.pd").string()};
}

bool muffled(const Samples& x) { return rms(x) > 0.02 && centroid(x, rate) < 500 && beep(x, 1'000) < 0.01; }
bool bright(const Samples& x) { return rms(x) > 0.02 && centroid(x, rate) > 800 && beep(x, 1'000) < 0.02; }
bool beeps(const Samples& x) { return beep(x, 1'000) > 0.45 && beep(x, 110) < 0.01; }

}  // namespace

TEST_CASE("a sweep and a scene from Pure Data and a program change from a keyboard move what is heard") {
    const JackServer server;
    JackClient performer;
    Stage stage(replaced(two_sounds, "8 kHz", "300 Hz") + scenes);
    Child legume(stage.command({"--record", (stage.folder / "take.wav").string()}));
    REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
    REQUIRE(performer.play_into("legume:midi_in"));
    REQUIRE(stage.heard(muffled));

    {
        Child sweep(pd(stage.port, "sweep bang"));
        CHECK_MESSAGE(stage.heard(bright), (legume.output() + sweep.output()));
    }
    {
        const auto from = stage.recorded().size();
        Child scene(pd(stage.port, "scene symbol wet"));
        CHECK_MESSAGE(stage.heard(beeps), (legume.output() + scene.output()));
        // It was on its way for half a second: somewhere both were heard.
        const auto sound = stage.recorded();
        bool between = false;
        for (auto at = from; at + 4'800 <= sound.size(); at += 2'400) {
            const auto piece = part(sound, at, 4'800);
            between = between || (beep(piece, 1'000) > 0.05 && beep(piece, 1'000) < 0.4 && beep(piece, 110) > 0.01);
        }
        CHECK(between);
    }
    performer.program(3);
    CHECK_MESSAGE(stage.heard(bright), legume.output());
    performer.program(4);
    CHECK_MESSAGE(stage.heard(beeps), legume.output());
    legume.signal(SIGTERM);
    CHECK(legume.wait() == 0);
}

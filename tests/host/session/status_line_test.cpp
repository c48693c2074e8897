// The line at the bottom while a patch plays: all of it on a wide terminal, the most important on a narrow one.
// SPDX-License-Identifier: MIT
#include "host/session/status_line.h"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "host/system/terminal.h"
#include "tests/child.h"
#include "tests/folder.h"
#include "tests/terminal.h"

using namespace legume;
using namespace legume::test;

namespace {

Status on_stage() {
    return {3754.21,
            -12.34,
            0.418,
            17,
            2,
            0.126,
            "65.3 at 128 bpm",
            "2/5 Größe im Nebel, next gallery (ready)",
            "osc 192.168.1.20 > strip.tone.cutoff 2 kHz"};
}

}  // namespace

TEST_CASE("a wide terminal shows everything, in the order that it always has") {
    CHECK(status_line(on_stage(), 200) ==
          "  3754.2 s | -12.3 dB | cpu  42 % | late 17, xruns 2 | covering 13 % | 65.3 at 128 bpm | "
          "2/5 Größe im Nebel, next gallery (ready) | osc 192.168.1.20 > strip.tone.cutoff 2 kHz");
}

TEST_CASE("what moved last is cut before anything goes, and its value stays") {
    CHECK(status_line(on_stage(), 147) ==
          "  3754.2 s | -12.3 dB | cpu  42 % | late 17, xruns 2 | covering 13 % | 65.3 at 128 bpm | "
          "2/5 Größe im Nebel, next gallery (ready) | ...cutoff 2 kHz");
}

TEST_CASE("at 80 columns the set and what moved last make room for the numbers") {
    CHECK(status_line(on_stage(), 80) == "  3754.2 s | -12.3 dB | cpu  42 % | late 17, xruns 2 | covering 13 %");
    CHECK(status_line(on_stage(), 100) ==
          "  3754.2 s | -12.3 dB | cpu  42 % | late 17, xruns 2 | covering 13 % | 65.3 at 128 bpm");
    auto alone = on_stage();
    alone.covering = 0;  // of which there is nothing to say
    alone.set.clear();
    alone.transport = "halted";
    CHECK(status_line(alone, 80) == "  3754.2 s | -12.3 dB | cpu  42 % | late 17, xruns 2 | halted | ....cutoff 2 kHz");
    CHECK(status_line(alone, 200) ==
          "  3754.2 s | -12.3 dB | cpu  42 % | late 17, xruns 2 | covering 0 % | halted | "
          "osc 192.168.1.20 > strip.tone.cutoff 2 kHz");
}

TEST_CASE("a narrow terminal keeps the load, the level and, longest, the time") {
    CHECK(status_line(on_stage(), 40) == "  3754.2 s | -12.3 dB | cpu  42 %");
    CHECK(status_line(on_stage(), 25) == "  3754.2 s | -12.3 dB");
    CHECK(status_line(on_stage(), 12) == "  3754.2 s");
}

TEST_CASE("at every width the line fits and is whole characters, however long its parts") {
    auto status = on_stage();
    status.late = status.xruns = ~0ull;
    status.set = "音楽 ÄÖÜ → 🎹 " + std::string(300, 'x');
    status.last = "midi > ключ.громкость 0.5 дБ ÄÖÜ";
    for (int columns = 0; columns <= 500; ++columns) {
        CAPTURE(columns);
        const auto line = status_line(status, columns);
        CHECK(columns_of(line) <= columns);
        std::size_t whole = 0;  // bytes of the characters that are
        for (std::size_t at = 0; at < line.size(); at = whole) {
            const auto first = static_cast<unsigned char>(line[at]);
            REQUIRE((first < 0x80 || first >= 0xc0));
            whole = at + (first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4);
        }
        CHECK(whole == line.size());
    }
}

TEST_CASE("a player's terminal stays where it is: each line fits, also when the window becomes narrower") {
    const Folder folder;
    for (const char* home : {"XDG_CONFIG_HOME", "XDG_STATE_HOME"}) setenv(home, folder.path.c_str(), 1);
    std::ofstream(folder / "tone.yaml")
        << "legume: 1\nnodes:\n  tone: {type: oscillator}\n  out: {type: output}\nwires: [tone -> out]\n";
    Terminal terminal(80);
    Child legume({"sh", "-c", "exec \"$@\" >" + terminal.name(), "sh", built("legume"), "play", folder / "tone.yaml",
                  "--device", "null", "--no-osc", "--no-log"});
    REQUIRE_MESSAGE(terminal.shows(" | late 0, xruns 0 | "), legume.output());
    const auto status = [](const std::string& line) { return line.find(" dB") != line.npos; };
    for (const auto& line : terminal.lines()) CHECK_MESSAGE((!status(line) || columns_of(line) < 80), line);
    terminal.resize(40);
    const auto drawn = terminal.lines().size() + 1;  // when it did not know yet
    REQUIRE(eventually([&] { return terminal.lines().size() > drawn + 5; }));
    for (auto i = drawn; i < terminal.lines().size(); ++i)
        CHECK_MESSAGE((!status(terminal.lines()[i]) || columns_of(terminal.lines()[i]) < 40), terminal.lines()[i]);
    CHECK(status(terminal.lines()[drawn]));
    legume.signal(SIGINT);
    CHECK(legume.wait() == 0);
    CHECK(terminal.shows("Played "));
}

// A line that is redrawn in place fits the terminal, whatever stands in it.
// SPDX-License-Identifier: MIT
#include "host/system/terminal.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <fstream>

#include "tests/child.h"
#include "tests/folder.h"
#include "tests/terminal.h"

using namespace legume;
using namespace legume::test;

TEST_CASE("text is as wide as its characters, and not as its bytes") {
    CHECK(columns_of("") == 0);
    CHECK(columns_of("tone") == 4);
    CHECK(columns_of("Größe") == 5);
    CHECK(columns_of("до → ре") == 7);
    CHECK(columns_of("音楽") == 4);
    CHECK(columns_of("🎹") == 2);
}

TEST_CASE("what is too long is cut at either end, between two characters") {
    CHECK(fit("ten or so.", 10) == "ten or so.");
    CHECK(fit("eleven or so", 11) == "eleven o...");
    CHECK(fit_end("eleven or so", 11) == "...en or so");
    CHECK(fit("ÄÖÜäöüßÄÖÜäöüß", 12) == "ÄÖÜäöüßÄÖ...");
    CHECK(fit_end("ÄÖÜäöüßÄÖÜäöüß", 12) == "...üßÄÖÜäöüß");
    CHECK(fit("音楽音楽音楽", 10) == "音楽音...");  // half a character more would fit
    CHECK(fit_end("音楽音楽音楽", 10) == "...楽音楽");
    CHECK(fit("narrow", 3) == "nar");
    CHECK(fit("音楽", 1).empty());
    CHECK(fit("", 0).empty());
}

TEST_CASE("the line follows the terminal's width; a file is as wide as a terminal was once") {
    Terminal terminal(120);
    CHECK(line_columns(terminal.descriptor()) == 119);
    terminal.resize(40);
    CHECK(line_columns(terminal.descriptor()) == 39);
    terminal.resize(0);  // a terminal that does not know
    CHECK(line_columns(terminal.descriptor()) == 79);
    Folder folder;
    std::FILE* file = std::fopen((folder / "out").c_str(), "w");
    REQUIRE(file);
    CHECK(line_columns(fileno(file)) == 79);
    redraw(file, "a title\nof two\tlines");
    std::fclose(file);
    std::string written;
    std::getline(std::ifstream(folder / "out"), written);
    CHECK(written == "\ra title of two lines\033[K");
}

TEST_CASE("while it renders, the bar and what stands beside it share the terminal's width") {
    const Folder folder;
    std::ofstream(folder / "tone.yaml")
        << "legume: 1\nnodes:\n  tone: {type: oscillator}\n  out: {type: output}\nwires: [tone -> out]\n";
    for (const int columns : {20, 40, 100}) {
        CAPTURE(columns);
        Terminal terminal(columns);
        Child legume({"sh", "-c", "exec \"$@\" 2>" + terminal.name(), "sh", built("legume"), "render",
                      folder / "tone.yaml", "--seconds", "20", "-o", folder / (std::to_string(columns) + ".wav")});
        REQUIRE_MESSAGE(legume.wait() == 0, legume.output());
        CHECK(terminal.shows(columns == 20 ? "0.0 of 20.0 s" : "[...."));
        for (const auto& line : terminal.lines()) CHECK_MESSAGE(columns_of(line) < columns, line);
        if (columns == 100) CHECK(terminal.shows("[........................] 0.0 of 20.0 s, "));
    }
}

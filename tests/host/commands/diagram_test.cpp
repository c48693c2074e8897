// A patch's diagram shows what is in the patch, and the gallery shows each patch as it is.
// SPDX-License-Identifier: MIT
#include "host/commands/diagram.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "host/session/open.h"
#include "tests/child.h"
#include "tests/folder.h"

using namespace legume;

namespace {

std::string drawn(const std::string& text) {
    const auto checked = open_patch_text(text, "p.yaml");
    for (const auto& problem : checked.problems) FAIL_CHECK(to_string(problem));
    return diagram(checked);
}

std::string read(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::filesystem::path write(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
    return file;
}

std::set<std::filesystem::path> patches() {
    std::set<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(test::source_folder() / "patches"))
        if (entry.path().extension() == ".yaml") files.insert(entry.path());
    return files;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a diagram shows nodes with their types, wires with their ports and depths, and what is bound") {
    CHECK(drawn("legume: 1\n"
                "nodes:\n"
                "  hiss: {type: noise}\n"
                "  tone: {type: filter}\n"
                "  desk: {type: mix}\n"
                "  sway: {type: lfo}\n"
                "  hit:  {type: envelope}\n"
                "  out:  {type: output}\n"
                "wires:\n"
                "  - hiss -> tone -> desk -> out\n"
                "  - tone.band -> desk.in2\n"
                "  - tone.high -> out\n"
                "  - {wire: sway -> tone.cutoff, depth: 0.3}\n"
                "  - sway -> hit.strike\n"
                "bindings:\n"
                "  - {midi: {cc: 1}, to: tone.cutoff, range: [200 Hz, 8 kHz]}\n"
                "  - {midi: {cc: 1}, to: desk.gain2}\n"
                "  - {midi: {note: 36, channel: 2, port: nano}, to: transport.tap}\n"
                "  - {osc: /td/mix, to: tone.resonance}\n") ==
          "flowchart LR\n"
          "  n1[\"hiss<br/>noise\"]\n"
          "  n2[\"tone<br/>filter\"]\n"
          "  n3[\"desk<br/>mix\"]\n"
          "  n4[\"sway<br/>lfo\"]\n"
          "  n5[\"hit<br/>envelope\"]\n"
          "  n6[\"out<br/>output\"]\n"
          "  n1 --> n2\n"
          "  n2 --> n3\n"
          "  n3 --> n6\n"
          "  n2 -->|\"band → in2\"| n3\n"
          "  n2 -->|\"high\"| n6\n"
          "  n4 -.->|\"cutoff, depth 0.3\"| n2\n"
          "  n4 -.->|\"strike\"| n5\n"
          "  c1([\"midi cc 1\"])\n"
          "  c1 -.->|\"cutoff, 200 Hz to 8 kHz\"| n2\n"
          "  c1 -.->|\"gain2\"| n3\n"
          "  c2([\"midi note 36, channel 2, nano\"])\n"
          "  transport[\"transport\"]\n"
          "  c2 -.->|\"tap\"| transport\n"
          "  c3([\"/td/mix\"])\n"
          "  c3 -.->|\"resonance\"| n2\n");
}

TEST_CASE("a patch within a patch is a box, and one within that a box in the box") {
    const test::Folder folder;
    write(folder / "inner.yaml", "legume: 1\nnodes:\n  tone: {type: filter}\nports: {in: tone, out: tone}\n");
    write(folder / "strip.yaml",
          "legume: 1\nnodes:\n  first: {type: gain}\n  deep: {type: patch, file: inner.yaml}\n  last: {type: gain}\n"
          "wires: [first -> deep -> last]\nports: {in: first, out: last}\n");
    const auto outer = write(folder / "outer.yaml",
                             "legume: 1\nnodes:\n  hiss: {type: noise}\n  left: {type: patch, file: strip.yaml}\n"
                             "  right: {type: patch, file: inner.yaml}\n  out: {type: output}\n"
                             "wires: [hiss -> left -> right -> out]\n");
    CHECK(diagram(open_patch(outer)) ==
          "flowchart LR\n"
          "  n1[\"hiss<br/>noise\"]\n"
          "  subgraph s1[\"left\"]\n"
          "    n2[\"first<br/>gain\"]\n"
          "    subgraph s2[\"deep\"]\n"
          "      n3[\"tone<br/>filter\"]\n"
          "    end\n"
          "    n4[\"last<br/>gain\"]\n"
          "  end\n"
          "  subgraph s3[\"right\"]\n"
          "    n5[\"tone<br/>filter\"]\n"
          "  end\n"
          "  n6[\"out<br/>output\"]\n"
          "  n2 --> n3\n"
          "  n3 --> n4\n"
          "  n1 --> n2\n"
          "  n4 --> n5\n"
          "  n5 --> n6\n");
}

TEST_CASE("nothing that a patch says can be taken for Mermaid or for HTML") {
    const auto text = drawn(
        "legume: 1\nnodes:\n  end: {type: gain}\n  click: {type: output}\nwires: [end -> click]\n"
        "bindings:\n  - {midi: {cc: 1, port: '\"]<b>#x|`né`'}, to: end.gain}\n");
    CHECK(has(text, "c1([\"midi cc 1, #34;#93;#60;b#62;#35;x#124;#96;né#96;\"])\n"));
    CHECK(has(text, "n1[\"end<br/>gain\"]\n"));
}

// Stricter than Mermaid: its own parser has read these forms.
TEST_CASE("every patch is drawn in the few forms of Mermaid that are used, each name before its first use") {
    const std::string text = "\"[^\"]*\"";
    const std::regex box("(?:subgraph )?(\\w+)(?:\\[" + text + "\\]|\\(\\[" + text + "\\]\\))");
    const std::regex arrow("(\\w+) (?:-->|-\\.->)(?:\\|" + text + "\\|)? (\\w+)");
    for (const auto& file : patches()) {
        CAPTURE(file);
        std::istringstream lines(diagram(open_patch(file)));
        std::string line;
        std::getline(lines, line);
        CHECK(line == "flowchart LR");
        std::set<std::string> names;
        int deep = 0;
        while (std::getline(lines, line)) {
            CAPTURE(line);
            line.erase(0, line.find_first_not_of(' '));
            std::smatch found;
            deep += line.starts_with("subgraph ") ? 1 : line == "end" ? -1 : 0;
            CHECK(deep >= 0);
            if (line == "end") continue;
            if (std::regex_match(line, found, box))
                CHECK(names.insert(found[1]).second);
            else if (std::regex_match(line, found, arrow))
                CHECK((names.contains(found[1]) && names.contains(found[2])));
            else
                FAIL_CHECK("no line of a diagram");
        }
        CHECK(deep == 0);
    }
}

TEST_CASE("patches/README.md shows every patch, as it is") {
    const auto page = test::source_folder() / "patches" / "README.md";
    const auto text = read(page);
    const bool same = text == draw_page(page);
    CHECK_MESSAGE(same,
                  "run: build/legume describe --gallery patches/README.md > build/README.md && "
                  "mv build/README.md patches/README.md");
    for (const auto& file : patches()) {
        CAPTURE(file);
        CHECK(has(text, "<!-- drawn from " + file.filename().string() + " "));
    }
}

TEST_CASE("a page keeps what is written by hand, and draws what lies between its marks") {
    const test::Folder folder;
    write(folder / "p.yaml", "# You hear a hiss.\nlegume: 1\nnodes:\n  hiss: {type: noise}\n");
    const std::string before = "# Mine\n\n<!-- drawn from p.yaml by `legume describe --gallery`; edit that -->\n",
                      block = "You hear a hiss.\n\n```mermaid\nflowchart LR\n  n1[\"hiss<br/>noise\"]\n```\n",
                      after = "<!-- drawn -->\n\nTurn nothing.\n";
    for (const std::string& old : {std::string("what was here\nonce\n"), std::string(), block}) {
        const auto page = write(folder / "page.md", before + old + after);
        CHECK(draw_page(page) == before + block + after);
    }
    const auto fresh = write(folder / "page.md", "<!-- drawn from p.yaml -->\n<!-- drawn -->\n");
    CHECK(draw_page(fresh).starts_with("<!-- drawn from p.yaml by `legume describe --gallery`; edit that -->\n"));
}

TEST_CASE("what cannot be drawn is said with its place") {
    const test::Folder folder;
    const auto at = [&](const char* name) { return (folder / name).string(); };
    write(folder / "sound.yaml", "legume: 1\nnodes:\n  hiss: {type: noise}\n");
    write(folder / "broken.yaml", "legume: 1\nnodes:\n  hiss: {type: noize}\n");
    const auto broken = at("broken.yaml") + ":3:16: there is no node type \"noize\"; did you mean \"noise\"?\n";
    const auto graph = [&](const char* name) { return test::said(1, {"describe", "--graph", at(name)}); };
    CHECK(graph("broken.yaml") == broken);
    CHECK(graph("nowhere.yaml") == at("nowhere.yaml") + ": there is no such file; look at its name and folder\n");

    const auto gallery = [&](const std::string& text) {
        return test::said(1, {"describe", "--gallery", write(folder / "page.md", text).string()});
    };
    CHECK(test::said(1, {"describe", "--gallery", at("nowhere.md")}) ==
          at("nowhere.md") + ": there is no such page; look at its name and folder\n");
    CHECK(gallery("<!-- drawn from broken.yaml -->\n<!-- drawn -->\n") ==
          broken + at("page.md") + ":1: broken.yaml cannot be drawn; mend it\n");
    CHECK(gallery("\n<!-- drawn from sound.yaml -->\n") ==
          at("page.md") + ":2: the diagram of sound.yaml does not end; add a line <!-- drawn -->\n");
    CHECK(gallery("\n\n<!-- drawn -->\n") == at("page.md") + ":3: no diagram begins before this line; remove it\n");
}

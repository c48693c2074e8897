// Patches as text become patches as values, whole and with their places.
// SPDX-License-Identifier: MIT
#include "host/patch/yaml.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/folder.h"

using namespace legume;

namespace {

const std::string first_light = R"(# yaml-language-server: $schema=patch.schema.json
# A network crossfades with a loop.
legume: 1
title: First light
seed: 7
length: 20 min
tempo: 96
nodes:
  loop:  {type: player, file: "pods.flac", loop: true}
  sway:  {type: lfo, rate: 0.1 Hz}
  tone:
    type: filter
    cutoff: 2 kHz
  out:   {type: output}
wires:
  - loop -> tone.in -> out
  - {wire: "sway -> tone.cutoff", depth: 30 %}
bindings:
  - {midi: {cc: 1, channel: 2, port: nano}, to: tone.cutoff, range: [200 Hz, 8 kHz]}
  - {midi: {note: 60}, to: sway.reset}
  - {midi: {notes: all}, to: sway.keys}
  - {osc: /td/mix, to: tone.resonance, from: [-1, 1]}
)";

std::string only_problem(const std::string& text) {
    const auto loaded = load_patch_text(text, "p.yaml");
    REQUIRE(loaded.problems.size() == 1);
    return to_string(loaded.problems[0]);
}

std::string at(const Place& place) { return to_string(place); }

// A file of its own in the temporary folder, gone at the end.
struct TemporaryFile {
    explicit TemporaryFile(const std::string& text) { std::ofstream(path, std::ios::binary) << text; }
    ~TemporaryFile() { std::filesystem::remove(path); }
    std::filesystem::path path = legume::test::built("patch_yaml_test.yaml");
};

}  // namespace

TEST_CASE("a patch's settings are read as they stand") {
    const auto loaded = load_patch_text(first_light, "first.yaml");
    CHECK(loaded.problems.empty());
    CHECK(loaded.readable);
    const auto& patch = loaded.patch;
    CHECK(patch.file == "first.yaml");
    CHECK(patch.title == "First light");
    CHECK(patch.note == "A network crossfades with a loop.");
    CHECK(patch.seed == 7u);
    CHECK(patch.length_seconds == 1200.0);
    CHECK(patch.tempo == 96.0);
    REQUIRE(patch.nodes.size() == 4);
    CHECK(patch.nodes[0].id == "loop");
    CHECK(patch.nodes[0].type == "player");
    REQUIRE(patch.nodes[0].find("file"));
    CHECK(patch.nodes[0].find("file")->value.text == "pods.flac");
    CHECK(patch.nodes[0].find("loop")->value.text == "true");
    CHECK(patch.nodes[0].find("type") == nullptr);
}

TEST_CASE("every part of a patch knows its line and column") {
    const auto patch = load_patch_text(first_light, "first.yaml").patch;
    CHECK(at(patch.nodes[0].place) == "first.yaml:9:3");
    CHECK(at(patch.nodes[0].type_place) == "first.yaml:9:17");
    CHECK(at(patch.nodes[0].find("file")->place) == "first.yaml:9:25");
    CHECK(at(patch.nodes[0].find("file")->value.place) == "first.yaml:9:32");  // inside the quotes
    CHECK(at(patch.nodes[2].find("cutoff")->place) == "first.yaml:13:5");
    CHECK(at(patch.nodes[2].find("cutoff")->value.place) == "first.yaml:13:13");
    REQUIRE(patch.wires.size() == 3);
    CHECK(at(patch.wires[0].to.place) == "first.yaml:16:13");
    CHECK(at(patch.wires[1].to.place) == "first.yaml:16:24");
    CHECK(at(patch.wires[2].from.place) == "first.yaml:17:13");
    CHECK(at(patch.wires[2].to.place) == "first.yaml:17:21");
    REQUIRE(patch.bindings.size() == 4);
    CHECK(at(patch.bindings[0].place) == "first.yaml:19:5");
    CHECK(at(patch.bindings[0].range->second.place) == "first.yaml:19:78");
}

TEST_CASE("wires and bindings mean what they say") {
    const auto patch = load_patch_text(first_light, "first.yaml").patch;
    CHECK(to_string(patch.wires[0].to) == "tone.in");
    CHECK(to_string(patch.wires[1].from) == "tone");
    CHECK_FALSE(patch.wires[1].depth);
    CHECK(patch.wires[2].depth == 0.3f);
    CHECK(patch.bindings[0].midi == MidiSource{MidiSource::Kind::cc, 1, 2, "nano"});
    CHECK(patch.bindings[0].range->first.text == "200 Hz");
    CHECK(patch.bindings[1].midi == MidiSource{MidiSource::Kind::note, 60, 0, ""});
    CHECK(patch.bindings[2].midi->kind == MidiSource::Kind::notes);
    CHECK(patch.bindings[3].osc == OscSource{"/td/mix"});
    CHECK(patch.bindings[3].from == std::pair(-1.0f, 1.0f));
    CHECK_FALSE(patch.bindings[3].range);
}

TEST_CASE("moving, commenting and quoting change nothing that sounds") {
    auto moved = "# Another day.\n\n" + first_light;
    moved.replace(moved.find("2 kHz"), 5, "'2 kHz'  # bright");
    const auto before = load_patch_text(first_light, "a.yaml").patch, after = load_patch_text(moved, "b.yaml").patch;
    CHECK(before == after);
    CHECK(diff(before, after).empty());
    CHECK(after.note == "Another day.");
}

TEST_CASE("line ends and byte order marks of other systems are read") {
    std::string windows = "\xef\xbb\xbf";
    for (const char c : first_light) windows += c == '\n' ? "\r\n" : std::string(1, c);
    const auto loaded = load_patch_text(windows, "first.yaml");
    CHECK(loaded.problems.empty());
    CHECK(loaded.patch == load_patch_text(first_light, "first.yaml").patch);
    CHECK(loaded.patch.note == "A network crossfades with a loop.");
    CHECK(at(loaded.patch.wires[1].to.place) == "first.yaml:16:24");
}

TEST_CASE("wires and bindings whose lines are all commented out are none") {
    const auto loaded =
        load_patch_text("legume: 1\nnodes:\n  out: {type: output}\nwires:\n#  - a -> b\nbindings:\n", "p.yaml");
    CHECK(loaded.problems.empty());
    CHECK(loaded.patch.wires.empty());
}

TEST_CASE("an alias stands for what it names") {
    const auto loaded = load_patch_text(
        "legume: 1\nnodes:\n  a: &one {type: noise, gain: -6 dB}\n  b: *one\n  out: {type: output}\n", "p.yaml");
    CHECK(loaded.problems.empty());
    REQUIRE(loaded.patch.nodes.size() == 3);
    CHECK(loaded.patch.nodes[1].id == "b");
    CHECK(loaded.patch.nodes[1].settings == loaded.patch.nodes[0].settings);
}

TEST_CASE("a patch with faults is still read where it is valid") {
    const auto loaded = load_patch_text(
        "legume: 1\ntempo: fast\nnodes:\n  a: noise\n  b: {type: gain}\nwires:\n  - a -> b\n", "p.yaml");
    CHECK(loaded.problems.size() == 2);
    CHECK(loaded.readable);
    CHECK(loaded.patch.nodes.size() == 2);
    CHECK(loaded.patch.wires.size() == 1);
}

TEST_CASE("a missing file, a folder and a huge file are said by name") {
    const std::filesystem::path folder = legume::test::source_folder();
    const auto missing = load_patch(folder / "tests" / "nowhere.yaml");
    CHECK_FALSE(missing.readable);
    REQUIRE(missing.problems.size() == 1);
    CHECK(to_string(missing.problems[0]) ==
          (folder / "tests" / "nowhere.yaml").string() + ": there is no such file; look at its name and folder");
    REQUIRE(load_patch(folder).problems.size() == 1);
    CHECK(load_patch(folder).problems[0].message == "this is a folder; name the patch in it");
    const TemporaryFile huge(std::string(1'000'001, '#'));
    REQUIRE(load_patch(huge.path).problems.size() == 1);
    CHECK(load_patch(huge.path).problems[0].message == "a patch has at most 1 MB; is this one?");
}

TEST_CASE("a file is read as its text is") {
    const TemporaryFile file(first_light);
    const auto loaded = load_patch(file.path);
    CHECK(loaded.problems.empty());
    CHECK(loaded.patch == load_patch_text(first_light, "").patch);
    CHECK(loaded.patch.nodes[0].place.file == file.path.string());
}

TEST_CASE("text that is built to overwhelm is refused, and nothing else happens") {
    const auto many = [](const std::string& piece) {
        std::string text;
        while (text.size() + piece.size() <= 200'000) text += piece;
        return text;
    };
    for (const char* piece :
         {"[",   "{",  "- ", "? ", "a: ", "[a: ", "&a ",   "*a ",   "!a ", "\"", "'", "%",           "|\n",
          ">\n", ": ", ", ", "]",  "}",   "\\",   "---\n", "...\n", "\t",  "`",  "@", "a: &a [*a]\n"}) {
        CAPTURE(piece);
        CHECK_FALSE(load_patch_text(many(piece), "p.yaml").problems.empty());
    }
    CHECK(only_problem(many("[")).find("nested deeper than 16 levels") != std::string::npos);
}

TEST_CASE("half of a patch is never a crash") {
    for (std::size_t length = 0; length < first_light.size(); ++length) {
        const auto loaded = load_patch_text(first_light.substr(0, length), "first.yaml");
        CAPTURE(length);
        CHECK((loaded.readable || !loaded.problems.empty()));
    }
}

TEST_CASE("a patch with any one byte changed is never a crash") {
    for (std::size_t i = 0; i < first_light.size(); ++i)
        for (const char c : {'\0', '\n', '\t', '"', '{', ']', ':', '-', '&', '\x80'}) {
            auto text = first_light;
            text[i] = c;
            const auto loaded = load_patch_text(text, "first.yaml");
            CAPTURE(text);
            CHECK((loaded.readable || !loaded.problems.empty()));
        }
}

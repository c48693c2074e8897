// A node that has what its file says, under the hands and in the program: bound, asked for, described, edited live.
// SPDX-License-Identifier: MIT
#include "tests/graph/declared.h"

#include <doctest/doctest.h>

#include <fstream>

#include "host/commands/describe.h"
#include "host/midi/router.h"
#include "host/osc/socket.h"
#include "tests/child.h"
#include "tests/host/midi/whole.h"
#include "tests/host/osc/desk.h"

using namespace legume;
using namespace legume::test;

namespace {

const char* const strip = "in left\nout wet\nparam drive 0 10 1 dB\ntrigger flip\nmeter level\n";

struct Files {
    Folder folder;
    Files() {
        write("d.txt", strip);
        write("p.yaml", R"(legume: 1
nodes:
  saw: {type: oscillator, gain: -12 dB}
  d:   {type: declared, file: d.txt, drive: 2}
  out: {type: output}
wires: [saw -> d.left, d.wet -> out]
bindings:
  - {midi: {cc: 1}, to: d.drive}
  - {osc: /td/drive, to: d.drive}
  - {osc: /td/flip, to: d.flip}
)");
    }
    // As editors do: nobody ever sees half of it.
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder / "new", std::ios::binary) << text;
        std::filesystem::rename(folder / "new", folder / name);
    }
    std::string file(const std::string& name) const { return (folder / name).string(); }
    std::string text_of(const std::string& name) const {
        std::ifstream in(folder / name);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    // The patch as if it lay in the folder the test runs in.
    std::string patch() const {
        auto text = text_of("p.yaml");
        return text.replace(text.find("d.txt"), 5, file("d.txt"));
    }
    // What the program prints, the folder's name left out; it has to end with that exit code.
    std::string says(int code, std::vector<std::string> command) const {
        auto text = said(code, std::move(command), built("legume_declaring"));
        const auto prefix = folder.path.string() + "/";
        for (std::size_t at = 0; (at = text.find(prefix)) != text.npos;) text.erase(at, prefix.size());
        return text;
    }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

// Every run of spaces as one.
std::string squeezed(const std::string& text) {
    std::string result;
    for (const char c : text)
        if (c != ' ' || result.empty() || result.back() != ' ') result += c;
    return result;
}

}  // namespace

TEST_CASE("a knob and an address move what the file declares, and find it again when the file has changed") {
    const Files files;
    OscDesk desk(files.patch());
    Whole<MidiRouter> midi{desk.controls};
    midi.bind(false);
    const auto send = [&](const char* address, std::vector<OscArgument> args) {
        desk.take(address, std::move(args));
        desk.osc.tick();
    };
    CHECK(desk.own("d", "drive") == 2);
    midi.take({MidiEvent::Kind::cc, 1, 1, 127}, "keys");
    CHECK(desk.own("d", "drive") == 10);
    send("/d/drive", {4.0f});
    CHECK(desk.own("d", "drive") == 4);
    send("/td/drive", {6.0f});
    CHECK(desk.own("d", "drive") == 6);
    const auto* before = desk.runner.find("d");
    send("/td/flip", {});
    desk.blocks(1);
    CHECK(static_cast<const Declared*>(before)->sign == -1);
    files.write("d.txt", "in side\nparam mud 0 1 0\n" + std::string(strip));
    desk.edit(files.patch());
    midi.bind(false);
    CHECK(desk.runner.find("d") != before);
    CHECK(desk.own("d", "drive") == 2);  // as the patch has it
    send("/td/drive", {7.0f});
    CHECK(desk.own("d", "drive") == 7);
    send("/d/mud", {0.5f});
    CHECK(desk.own("d", "mud") == 0.5f);
    CHECK(desk.controls.find("d/mud"));
    files.write("d.txt", strip);
    desk.edit(files.patch());
    midi.bind(false);
    CHECK_FALSE(desk.controls.find("d/mud"));
    send("/d/mud", {0.5f});
    CHECK(desk.osc.refused() == 1);
}

TEST_CASE("the manual, the terminal and the schema say that a file says the rest, and how far that goes") {
    CHECK(has(squeezed(describe_text(declared_type)), "\n more As its file says.\n"));
    static const NodeType* const list[] = {&declared_type};
    CHECK(has(manual_markdown(list),
              "| `gain` | param | 0 to 2 | 1 | How loud it is. |\n"
              "| more | | | | As its file says. |\n"));
    const auto schema = patch_schema(list);
    const auto from = schema.find("\"declared\": {");
    const auto of_node = schema.substr(from, schema.find("\"patch\": {", from) - from);
    CHECK(has(squeezed(of_node),
              "\"additionalProperties\": {\n \"type\": [\n \"number\",\n \"string\",\n \"boolean\"\n ]\n }"));
    CHECK(has(of_node, "\"required\""));
}

TEST_CASE("the program checks and describes the patch with all that its file declares") {
    const Files files;
    CHECK(files.says(0, {"check", files.file("p.yaml")}) == "p.yaml: valid, 3 nodes, 2 wires\n");
    const auto described = squeezed(files.says(0, {"describe", files.file("p.yaml")}));
    for (const char* line :
         {"d (declared): Has what its file says.\n", "\n file option file required What it has",
          "\n drive param 0 dB to 10 dB 1 dB How much of it there is.\n", "\n flip trigger Turns it over.\n",
          "\n left in up to 16 channels Sound that comes in.\n", "\n wet out Sound that goes out.\n",
          "\n level meter How loud it is now.\n", "saw (oscillator): "}) {
        CAPTURE(line);
        CHECK_MESSAGE(has(described, line), described);
    }
    CHECK_FALSE(has(described, "As its file says"));
    CHECK(has(squeezed(files.says(0, {"describe", "--osc", files.file("p.yaml")})),
              "/d/drive f 0 dB to 10 dB 2 dB How much of it there is.\n"));
    CHECK(has(squeezed(files.says(0, {"describe", "declared"})), "\n more As its file says.\n"));
    CHECK(files.says(1, {"describe", files.file("none.yaml")}).starts_with("none.yaml"));
    // In a patch within a patch it lies beside that patch's text.
    files.write("inner.yaml",
                "legume: 1\nnodes:\n  d: {type: declared, file: d.txt}\nports: {in: d.left, out: d.wet}\n");
    files.write(
        "outer.yaml",
        "legume: 1\nnodes:\n  saw: {type: oscillator}\n  strip: {type: patch, file: inner.yaml, with: {d.drive: "
        "3}}\n  out: {type: output}\nwires: [saw -> strip.in, strip.out -> out, saw -> strip/d.drive]\n");
    CHECK(files.says(0, {"check", files.file("outer.yaml")}) == "outer.yaml: valid, 3 nodes, 3 wires\n");
}

TEST_CASE("each fault of the file is said with its line and column, and the program ends with 1") {
    const Files files;
    const auto check = [&] { return files.says(1, {"check", files.file("p.yaml")}); };
    const std::pair<const char*, const char*> faults[] = {
        {"in left\ninn right\n", "d.txt:2:1: there is no member \"inn\"; did you mean \"in\"?\n"},
        {"in left\nout left\n", "d.txt:2:5: \"left\" is there already; take another name\n"},
        {"in left\nparam drive\n",
         "d.txt:2:7: drive has no range; add its least, its most and where it begins, such as 0 10 1 dB\n"},
        {"in left\n\x80\n", "d.txt:2:1: this is no text; write plain letters and spaces\n"}};
    for (const auto& fault : faults) {
        files.write("d.txt", fault.first);
        CHECK(check() == fault.second);
    }
    files.write("d.txt", "in right\nparam drive 0 1 0\n");
    CHECK(check() ==
          "p.yaml:4:45: drive: 2 is outside 0 to 1\n"
          "p.yaml:6:16: declared has no port \"left\"; it has gain, right, drive\n"
          "p.yaml:6:24: declared has no output \"wet\"; it has none\n"
          "p.yaml:10:25: declared has no param or trigger \"flip\"; it has gain, drive\n");
    std::filesystem::remove(files.file("d.txt"));
    CHECK(check() == "p.yaml:4:31: d.txt does not exist; check its name and folder\n");
    std::filesystem::create_directory(files.file("d.txt"));
    CHECK(check() == "p.yaml:4:31: d.txt is no file; name a text file\n");
}

TEST_CASE("while it plays its file is edited: a port comes and goes, and a fault leaves the sound as it is") {
    const Files files;
    setenv("XDG_CONFIG_HOME", files.folder.path.c_str(), 1);
    const int port = OscSocket(OscSocket::Listen::loopback, 0, [](auto, const auto&) {}).port();
    Ear ear;
    const OscPeer to{0x7f000001, static_cast<std::uint16_t>(port)};
    files.write("p.yaml", files.text_of("p.yaml") + "send: [{to: \"127.0.0.1:" + std::to_string(ear.peer().port) +
                              "\", values: [d.drive, d.level]}]\n");
    Child legume({built("legume_declaring"), "play", files.file("p.yaml"), "--device", "null", "--no-log",
                  "--no-oscquery", "--osc-port", std::to_string(port)});
    REQUIRE_MESSAGE(legume.says("Ctrl-C stops."), legume.output());
    const auto times = [&](const std::string& line, int count) {
        return eventually([&] {
            const auto lines = legume.lines();
            return std::count_if(lines.begin(), lines.end(), [&](const auto& one) { return has(one, line); }) == count;
        });
    };
    files.write("d.txt", std::string(strip) + "in side\nparam mud 0 1 0\n");
    CHECK_MESSAGE(times("Reloaded: replaced d", 1), legume.output());
    ear.send({"/d/mud", {0.5f}}, to);
    ear.send({"/legume/stats", {}}, to);
    CHECK(ear.hears("/legume/stats/controls", 1.0f));
    CHECK(ear.count("/legume/error") == 0);
    files.write("d.txt", std::string(strip) + "in side\nparam mud 0 one 0\n");
    CHECK_MESSAGE(legume.says("d.txt:7:13: \"one\" is not a number"), legume.output());
    CHECK_MESSAGE(legume.says("The patch has faults; what was playing plays on:"), legume.output());
    ear.send({"/d/drive", {0.0f}}, to);
    CHECK(ear.hears("/d/drive", 0.0f));
    CHECK(ear.hears("/d/level", 0.0f));
    ear.send({"/d/drive", {4.0f}}, to);
    CHECK(eventually([&] {
        const auto level = ear.newest("/d/level");
        return level && std::get<float>(*level) > 0.5f;
    }));
    files.write("d.txt", strip);
    CHECK_MESSAGE(times("Reloaded: replaced d", 2), legume.output());
    ear.send({"/d/mud", {0.6f}}, to);
    CHECK(eventually([&] { return ear.count("/legume/error") == 1; }));
    files.write("d.txt", "in left\n");
    CHECK_MESSAGE(legume.says("declared has no output \"wet\"; it has none"), legume.output());
    files.write("d.txt", strip);
    CHECK_MESSAGE(legume.says("The patch is valid again; it is what is playing."), legume.output());
    legume.signal(SIGTERM);
    CHECK_MESSAGE(legume.wait() == 0, legume.output());
}

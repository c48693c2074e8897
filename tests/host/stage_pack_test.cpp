// A patch made into one file, and played on another machine.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/child.h"
#include "tests/folder.h"
#include "tests/harness.h"

using namespace legume::test;

namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string replaced_text(std::string text, const std::string& what, const std::string& with) {
    return text.replace(text.find(what), what.size(), with);
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

// Where a set is made, and another machine that knows nothing of it.
struct Desk {
    Desk() {
        fs::create_directories(home() / "patches");
        fs::create_directories(home() / "sounds");
        fs::create_directory(elsewhere());
        setenv("HOME", elsewhere().c_str(), 1);
        setenv("XDG_DATA_HOME", (elsewhere() / "data").c_str(), 1);
        setenv("XDG_CONFIG_HOME", elsewhere().c_str(), 1);
        write_wav(home() / "sounds" / "hiss.wav", {noise(9'600)}, 48'000);
        write("sounds/README.md", "# Hiss\n\nNoise. Source: a rainy day in May. Licence: CC BY 4.0, by me.\n");
    }
    fs::path home() const { return folder / "mine"; }
    fs::path elsewhere() const { return folder / "theirs"; }
    fs::path packs() const { return elsewhere() / "data" / "legume" / "packs"; }
    std::string pack_file() const { return (elsewhere() / "set.legume").string(); }
    void write(const std::string& name, const std::string& text) const { std::ofstream(home() / name) << text; }
    std::string at(const std::string& name) const { return (home() / name).string(); }
    std::string pack(const std::string& patch, int code = 0) const {
        return said(code, {"pack", at(patch), "-o", pack_file()});
    }
    std::string render(const std::string& patch, int code = 0) const {
        const auto out = (folder / "out.wav").string();
        fs::remove(out);
        const auto text = said(code, {"render", patch, "--seconds", "0.5", "--seed", "3", "-o", out});
        CHECK(fs::exists(out) == (code == 0));
        return code == 0 ? bytes_of(out) : text;
    }
    // The folder that the pack was unpacked to.
    fs::path unpacked() const {
        REQUIRE(fs::exists(packs()));
        REQUIRE(std::distance(fs::directory_iterator(packs()), {}) == 1);
        return fs::directory_iterator(packs())->path();
    }
    Folder folder;
};

const std::string loop = R"(legume: 1
title: A loop
nodes:
  loop:  {type: player, file: ../sounds/hiss.wav, loop: true}
  under: {type: patch, file: strip.yaml, with: {tone.cutoff: 900 Hz}}
  out:   {type: output}
wires: [loop -> under -> out]
bindings:
  - {midi: {cc: 1}, to: loop.speed}
  - {osc: /td/mix, to: under.tone}
)";
const std::string strip = R"(legume: 1
nodes:
  tone: {type: filter, cutoff: 2 kHz}
ports: {in: tone, out: tone, tone: tone.cutoff}
)";

}  // namespace

TEST_CASE("a pack plays the same bytes on another machine, where nothing of the first one is left") {
    const Desk desk;
    desk.write("patches/loop.yaml", loop);
    desk.write("patches/strip.yaml", strip);
    desk.write("patches/loop.controls.yaml", "bindings:\n  - {midi: {cc: 7}, to: loop.gain}\n");
    desk.write("patches/loop.scenes.yaml", "scenes:\n  far: {loop.gain: -20 dB}\n");
    fs::create_directory(desk.home() / "patches" / "loop.states");
    desk.write("patches/loop.states/dream.state", "remembered");
    const auto before = desk.render(desk.at("patches/loop.yaml"));
    const auto text = desk.pack("patches/loop.yaml");
    CHECK(has(text, "needs 2 outputs, a MIDI controller, OSC to /td/mix"));
    CHECK(has(text, "licences of what it plays: CC BY 4.0, by me"));
    fs::remove_all(desk.home());

    CHECK(desk.render(desk.pack_file()) == before);
    const auto set = desk.unpacked() / "set";
    CHECK(bytes_of(set / "patches" / "loop.yaml") == loop);  // nothing had to be written anew
    CHECK(bytes_of(set / "patches" / "strip.yaml") == strip);
    CHECK(bytes_of(set / "patches" / "loop.states" / "dream.state") == "remembered");
    CHECK(fs::exists(set / "patches" / "loop.controls.yaml"));
    CHECK(fs::exists(set / "patches" / "loop.scenes.yaml"));
    CHECK(fs::exists(set / "sounds" / "README.md"));
    const auto card = bytes_of(desk.unpacked() / "card.yaml");
    CHECK(has(card, "patch: \"set/patches/loop.yaml\""));
    CHECK(has(card, "licence: \"CC BY 4.0, by me\", source: \"a rainy day in May\""));

    const auto checked = said(0, {"check", desk.pack_file()});
    CHECK(has(checked, "a whole pack of legume"));
    CHECK(has(checked, "valid, 3 nodes, 2 wires"));
    const auto played = said(
        0, {"play", desk.pack_file(), "--device", "null", "--seconds", "0.3", "--no-osc", "--no-log", "--seed", "3"});
    CHECK(has(played, "(A loop)"));
}

TEST_CASE("the same patch gives the same pack, wherever and whenever it lies") {
    const Desk desk;
    desk.write("patches/loop.yaml", loop);
    desk.write("patches/strip.yaml", strip);
    desk.pack("patches/loop.yaml");
    const auto first = bytes_of(desk.pack_file());
    fs::rename(desk.home(), desk.folder / "moved");
    fs::create_directory(desk.home());
    fs::rename(desk.folder / "moved", desk.home() / "deeper");
    fs::last_write_time(desk.home() / "deeper" / "sounds" / "hiss.wav", fs::file_time_type::min());
    desk.pack("deeper/patches/loop.yaml");
    CHECK(bytes_of(desk.pack_file()) == first);
}

TEST_CASE("a network goes along with every age that its folder holds") {
    const Desk desk;
    const auto pods = source_folder() / "assets" / "models" / "pods";
    for (const char* name : {"00000010.safetensors", "00000047.safetensors", "README.md"}) {
        fs::create_directories(desk.home() / "run" / "checkpoints");
        fs::copy(pods / name, desk.home() / "run" / "checkpoints" / name);
    }
    desk.write(
        "patches/dream.yaml",
        "legume: 1\nnodes:\n  dream: {type: samplernn, model: ../run}\n  out: {type: output}\nwires: [dream -> out]\n");
    fs::create_directories(desk.home() / "run" / "takes");
    desk.write("run/takes/unheard.flac", "what no node reads");
    const auto before = desk.render(desk.at("patches/dream.yaml"));
    CHECK(has(desk.pack("patches/dream.yaml"), "licences of what it plays: MIT, as legume"));
    fs::remove_all(desk.home());
    CHECK(desk.render(desk.pack_file()) == before);
    CHECK(fs::exists(desk.unpacked() / "set" / "run" / "checkpoints" / "00000010.safetensors"));
    CHECK(!fs::exists(desk.unpacked() / "set" / "run" / "takes" / "unheard.flac"));
}

TEST_CASE("a set is one pack, with all that its patches play from") {
    const Desk desk;
    desk.write("patches/strip.yaml", strip);
    desk.write("patches/loop.yaml", loop);
    desk.write("patches/cuts.yaml",
               "legume: 1\nnodes:\n  cuts: {type: cut, regions: [{file: ../sounds/hiss.wav, from: 10 ms, to: 60 ms}, "
               "../sounds/hush.wav]}\n  out: {type: output}\nwires: [cuts -> out]\n");
    write_wav(desk.home() / "sounds" / "hush.wav", {noise(4'800, 2, 0.1f)}, 48'000);
    desk.write("evening.yaml",
               "legume: 1\ntitle: The evening\nsetlist:\n  - patches/loop.yaml\n  - {patch: patches/cuts.yaml}\n");
    desk.pack("evening.yaml");
    fs::remove_all(desk.home());
    const auto text = said(0, {"check", desk.pack_file()});
    CHECK(has(text, "loop.yaml: valid, 3 nodes"));
    CHECK(has(text, "cuts.yaml: valid, 2 nodes"));
    CHECK(fs::exists(desk.unpacked() / "set" / "sounds" / "hush.wav"));
    const auto played =
        said(0, {"play", desk.pack_file(), "--device", "null", "--seconds", "0.3", "--no-osc", "--no-log"});
    CHECK(has(played, "a set of 2 patches, The evening"));
}

TEST_CASE("paths that are absolute are written anew, and the rest of the text stays") {
    const Desk desk;
    fs::create_directories(desk.folder / "far" / "strips");
    write_wav(desk.folder / "far" / "plain.wav", {noise(4'800, 3)}, 48'000);
    std::ofstream(desk.folder / "far" / "strips" / "strip.yaml") << strip;
    const auto far = (desk.folder / "far").string();
    desk.write("patches/far.yaml", "\xef\xbb\xbf# Far away.\nlegume: 1\nnodes:\n  a: {type: player, file: " + far +
                                       "/plain.wav}\n  b: {type: player, file: '" + far +
                                       "/plain.wav'}\n  c: {type: patch, file: \"" + far +
                                       "/strips/strip.yaml\"}\n  d: {type: recorder, file: takes/d.wav, autostart: "
                                       "false}\n  out: {type: output}\nwires: [a -> c -> out, b -> out, a -> d]\n");
    fs::create_directory(desk.home() / "patches" / "takes");
    const auto before = desk.render(desk.at("patches/far.yaml"));
    CHECK(has(desk.pack("patches/far.yaml"), "in set/far.yaml absolute paths were written anew"));
    fs::remove_all(desk.home());
    fs::remove_all(desk.folder / "far");
    CHECK(desk.render(desk.pack_file()) == before);
    CHECK(bytes_of(desk.unpacked() / "set" / "far.yaml") ==
          "\xef\xbb\xbf# Far away.\nlegume: 1\nnodes:\n  a: {type: player, file: ../elsewhere/plain.wav}\n  b: {type: "
          "player, file: '../elsewhere/plain.wav'}\n  c: {type: patch, file: \"../elsewhere/strips/strip.yaml\"}\n  d: "
          "{type: recorder, file: takes/d.wav, autostart: false}\n  out: {type: output}\nwires: [a -> c -> out, b -> "
          "out, a -> d]\n");
    CHECK(fs::is_directory(desk.unpacked() / "set" / "takes"));  // for what is recorded there
}

TEST_CASE("patches that cues go on to come along") {
    const Desk desk;
    desk.write("patches/strip.yaml", strip);
    desk.write("patches/loop.yaml", loop);
    desk.write("patches/first.yaml",
               "legume: 1\nnodes:\n  tone: {type: oscillator}\n  out: {type: output}\nwires: [tone -> out]\ncues:\n"
               "  - {at: 0:00.2, patch: loop.yaml}\n");
    const auto before = desk.render(desk.at("patches/first.yaml"));
    desk.pack("patches/first.yaml");
    fs::remove_all(desk.home());
    CHECK(desk.render(desk.pack_file()) == before);
}

TEST_CASE("what cannot be packed is said with its place, and nothing is written") {
    const Desk desk;
    desk.write("patches/strip.yaml", strip);
    desk.write("patches/loop.yaml", replaced_text(loop, "hiss.wav", "hush.wav"));
    CHECK(has(desk.pack("patches/loop.yaml", 1), "loop.yaml:4:31: "));
    CHECK(!fs::exists(desk.pack_file()));
    desk.write("patches/loop.yaml", loop + "cues:\n  - {at: 0:01, patch: gone.yaml}\n");
    CHECK(has(desk.pack("patches/loop.yaml", 1), "loop.yaml:12:23: "));
    desk.write("patches/loop.yaml", replaced_text(loop, "../sounds/hiss.wav", "\"../sounds/hi\\\\ss.wav\""));
    fs::copy(desk.home() / "sounds" / "hiss.wav", desk.home() / "sounds" / "hi\\ss.wav");
    CHECK(has(desk.pack("patches/loop.yaml", 1), "has a name that not every machine can have; rename it"));
    CHECK(has(said(1, {"pack", desk.at("patches/strip.yaml"), "-o", desk.at("patches/strip.yaml")}),
              "must end in .legume"));
    CHECK(bytes_of(desk.home() / "patches" / "strip.yaml") == strip);
    CHECK(has(said(1, {"pack", desk.at("patches/strip.yaml"), "-o", desk.at("nowhere/a.legume")}),
              "a.legume cannot be written: No such file or directory"));
    CHECK(!fs::exists(desk.pack_file()));
}

TEST_CASE("a pack that is not what its card says is refused, and leaves nothing behind") {
    const Desk desk;
    const std::pair<const char*, const char*> bad[] = {
        {"dots", "card.yaml:9:5: \"set/../../b.wav\" is no name for a file in a pack"},
        {"absolute", "\"/tmp/b.wav\" is no name for a file in a pack"},
        {"drive", "\"C:/b.wav\" is no name for a file in a pack"},
        {"twice", "set/a.yaml is in it twice"},
        {"folder", "set/a.yaml is in it twice"},
        {"symlink", "the pack holds no file, but a link or the like as \"set/b\""},
        {"hardlink", "the pack holds no file, but a link or the like as \"set/b\""},
        {"device", "the pack holds no file, but a link or the like as \"set/b\""},
        {"more", "the pack holds \"set/s/b.wav\" too, which its card does not name"},
        {"fewer", "the pack ends before \"set/s/b.wav\""},
        {"hash", "the pack is damaged: \"set/s/b.wav\" is not what its card says"},
        {"newer", "this legume reads packs of format 1, and this is of legume 0.1.0"},
        {"cut", "the pack is not whole"},
        {"huge", "the pack is smaller than the files that it should hold"},
        {"no_card", "this legume reads packs of format 1, and this is none"},
    };
    for (const auto& [name, message] : bad) {
        const std::string pack = name;
        CAPTURE(pack);
        fs::copy(source_folder() / "tests" / "fuzz" / "pack" / pack, desk.pack_file(),
                 fs::copy_options::overwrite_existing);
        const auto text = desk.render(desk.pack_file(), 1);
        CAPTURE(text);
        CHECK(text.starts_with(desk.pack_file() + ": "));
        CHECK(has(text, message));
        CHECK(has(said(1, {"check", desk.pack_file()}), message));
        CHECK((!fs::exists(desk.packs()) || fs::is_empty(desk.packs())));
    }
    for (const char* name : {"whole", "pax", "long"}) {
        fs::copy(source_folder() / "tests" / "fuzz" / "pack" / name, desk.pack_file(),
                 fs::copy_options::overwrite_existing);
        desk.render(desk.pack_file());
    }
    std::ofstream(desk.pack_file()) << "legume: 1\n";
    CHECK(has(desk.render(desk.pack_file(), 1), "is no tar archive, or not a whole one"));
}

TEST_CASE("unpacking that was interrupted is begun again, and what was begun is gone") {
    const Desk desk;
    desk.write("patches/loop.yaml", loop);
    desk.write("patches/strip.yaml", strip);
    desk.pack("patches/loop.yaml");
    const auto gone = desk.packs() / "loop-0123456789abcdef.999999999.part";  // no process has so high a number
    fs::create_directories(gone / "set");
    std::ofstream(gone / "set" / "half.wav") << "ha";
    const auto first = desk.render(desk.pack_file());
    CHECK(!fs::exists(gone));
    // What is there is played as it is: it has been checked, and belongs to the player now.
    std::ofstream(desk.unpacked() / "set" / "patches" / "loop.yaml", std::ios::app) << "# mine\n";
    CHECK(desk.render(desk.pack_file()) == first);
    CHECK(has(bytes_of(desk.unpacked() / "set" / "patches" / "loop.yaml"), "# mine"));
}

TEST_CASE("a place that cannot be written to is said, with what helps") {
    const Desk desk;
    desk.write("patches/loop.yaml", loop);
    desk.write("patches/strip.yaml", strip);
    desk.pack("patches/loop.yaml");
    std::ofstream(desk.elsewhere() / "data") << "in the way";
    const auto text = desk.render(desk.pack_file(), 1);
    CHECK(has(text, "cannot be written"));
    CHECK(has(text, "set XDG_DATA_HOME to another disk"));
}

// A patch within a patch: heard as its own nodes are, moved under its name, and refused in words.
// SPDX-License-Identifier: MIT
#include "host/patch/subpatch.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include "host/control/controls.h"
#include "host/session/open.h"
#include "host/system/watch.h"
#include "tests/harness.h"

using namespace legume;

namespace {

const char* const strip = R"(legume: 1
nodes:
  tone: {type: filter, cutoff: 500 Hz}
  level: {type: gain, gain: -6 dB}
wires: [tone -> level]
bindings:
  - {osc: /td/tone, to: tone.cutoff}
ports: {in: tone, out: level, bright: tone.cutoff, loud: level.gain}
)";

struct Desk {
    test::Folder folder;
    void write(const std::string& name, const std::string& text) { std::ofstream(folder / name) << text; }
    std::string problems(const std::string& name) {
        std::string all;
        for (const auto& problem : open_patch(folder / name).problems) {
            auto line = to_string(problem);
            for (auto at = line.find(folder.path.string() + "/"); at != line.npos;
                 at = line.find(folder.path.string() + "/"))
                line.erase(at, folder.path.string().size() + 1);
            all += line + "\n";
        }
        return all;
    }
    // A second of the left channel.
    std::vector<float> played(const std::string& name) {
        Runner runner{{48'000, 0, 2, 3, {}}};
        auto checked = open_patch(folder / name);
        for (const auto& problem : checked.problems) FAIL(to_string(problem));
        REQUIRE(runner.edit(std::move(checked)).empty());
        std::vector<float> heard;
        float left[64], right[64];
        float* out[] = {left, right};
        for (int i = 0; i < 750; ++i) {
            runner.render_block(nullptr, out);
            heard.insert(heard.end(), left, left + 64);
        }
        return heard;
    }
};

std::string around(const std::string& inside) {
    return "legume: 1\nseed: 4\nnodes:\n  saw: {type: oscillator, shape: saw, frequency: 220 Hz}\n" + inside;
}

}  // namespace

TEST_CASE("two strips of one file sound as their nodes written out do, each with its own settings") {
    Desk desk;
    desk.write("strip.yaml", strip);
    desk.write("whole.yaml", around(R"(  a: {type: patch, file: strip.yaml, with: {tone.cutoff: 2 kHz}}
  b: {type: patch, file: strip.yaml, with: {bright: 100 Hz, level.gain: -12 dB}}
  out: {type: output}
wires: [saw -> a -> b -> out]
)"));
    desk.write("flat.yaml", around(R"(  tone: {type: filter, cutoff: 2 kHz}
  level: {type: gain, gain: -6 dB}
  tone2: {type: filter, cutoff: 100 Hz}
  level2: {type: gain, gain: -12 dB}
  out: {type: output}
wires: [saw -> tone -> level -> tone2 -> level2 -> out]
)"));
    CHECK(desk.problems("whole.yaml") == "");
    const auto heard = desk.played("whole.yaml");
    CHECK(heard == desk.played("flat.yaml"));
    CHECK(*std::max_element(heard.begin(), heard.end()) > 0.001f);
}

TEST_CASE("what a strip holds is moved under its name, and its own bindings stay") {
    Desk desk;
    desk.write("strip.yaml", strip);
    desk.write("whole.yaml", around(R"(  a: {type: patch, file: strip.yaml}
  sway: {type: lfo}
  out: {type: output}
wires: [saw -> a.in, a.out -> out, {wire: sway -> a.bright, depth: 0.1}, {wire: sway -> a/level.gain, depth: 0.1}]
bindings:
  - {midi: {cc: 1}, to: a.loud}
  - {midi: {cc: 2}, to: a/tone.cutoff}
)"));
    CHECK(desk.problems("whole.yaml") == "");
    Runner runner{{48'000, 0, 2, 3, {}}};
    REQUIRE(runner.edit(open_patch(desk.folder / "whole.yaml")).empty());
    Controls controls(runner);
    controls.bind();
    REQUIRE(controls.find("a/tone/cutoff"));
    CHECK(controls.find("a/tone/cutoff")->param()->own() == 500);
    std::vector<std::string> bound;
    for (const auto& binding : runner.patch().bindings) bound.push_back(to_string(binding.to));
    CHECK(bound == std::vector<std::string>{"a/tone.cutoff", "a/level.gain", "a/tone.cutoff"});
}

TEST_CASE("strips stand within strips, and their ports reach through") {
    Desk desk;
    desk.write("strip.yaml", strip);
    desk.write("pair.yaml", R"(legume: 1
nodes:
  one: {type: patch, file: strip.yaml}
  two: {type: patch, file: strip.yaml, with: {bright: 3 kHz}}
wires: [one -> two]
ports: {in: one, out: two, bright: two.bright}
)");
    desk.write("whole.yaml", around(R"(  deep: {type: patch, file: pair.yaml, with: {bright: 4 kHz}}
  out: {type: output}
wires: [saw -> deep -> out]
)"));
    CHECK(desk.problems("whole.yaml") == "");
    const auto patch = open_patch(desk.folder / "whole.yaml").patch;
    REQUIRE(patch.find("deep/two/tone"));
    CHECK(patch.find("deep/two/tone")->find("cutoff")->value.text == "4 kHz");
    CHECK(patch.find("deep/one/tone")->find("cutoff")->value.text == "500 Hz");
}

TEST_CASE("a file that a strip plays is found beside the strip, one that `with` names beside the patch that says so") {
    Desk desk;
    std::filesystem::create_directories(desk.folder / "strips");
    test::write_wav(desk.folder / "strips/own.wav", {test::sine(330, 48'000, 4'800, 0.3f)}, 48'000);
    test::write_wav(desk.folder / "outer.wav", {test::sine(660, 48'000, 4'800, 0.3f)}, 48'000);
    desk.write("strips/loop.yaml",
               "legume: 1\nnodes: {loop: {type: player, file: own.wav, loop: true}}\nports: {out: loop}\n");
    desk.write("whole.yaml", R"(legume: 1
nodes:
  a: {type: patch, file: strips/loop.yaml}
  b: {type: patch, file: strips/loop.yaml, with: {loop.file: outer.wav}}
  out: {type: output}
wires: [a -> out, b -> out]
)");
    CHECK(desk.problems("whole.yaml") == "");
}

TEST_CASE("whatever is wrong around a strip is said with its place") {
    Desk desk;
    desk.write("strip.yaml", strip);
    desk.write("bad.yaml",
               "legume: 1\nnodes:\n  tone: {type: filter, cutoff: 5 apples}\nports: {in: tone, out: nobody}\n");
    desk.write("self.yaml", "legume: 1\nnodes:\n  me: {type: patch, file: self.yaml}\n");
    desk.write("portless.yaml", "legume: 1\nnodes: {tone: {type: filter}}\n");
    desk.write("whole.yaml", around(R"(  a: {type: patch, file: strip.yaml, with: {tone.warmth: 1, nobody.gain: 2}}
  b: {type: patch}
  c: {type: patch, file: none.yaml}
  d: {type: patch, file: bad.yaml, cutoff: 3}
  e: {type: patch, file: self.yaml}
  f: {type: patch, file: portless.yaml}
  out: {type: output}
wires: [saw -> a.left -> out, saw -> f -> out, saw -> a/none.in]
bindings: [{osc: /x, to: a.dark}]
)"));
    CHECK(desk.problems("whole.yaml") ==
          R"(bad.yaml:3:32: cutoff: "5 apples" is not a frequency such as 440, 440 Hz or 2 kHz
bad.yaml:4:24: ports: there is no node "nobody" for "out"
self.yaml:3:27: self.yaml: this patch plays itself without end; take it out of itself
whole.yaml:5:58: filter has no setting "warmth"; it has kind, cutoff, resonance
whole.yaml:5:74: with: strip.yaml has no "nobody.gain"; write node.setting, of one of its nodes tone, level
whole.yaml:6:3: b does not say which patch it plays; add `file: strip.yaml`
whole.yaml:7:26: none.yaml: there is no such file; look at its name and folder
whole.yaml:8:36: a patch within a patch has no "cutoff"; it has file and with, such as `with: {tone.cutoff: 2 kHz}`
whole.yaml:12:16: strip.yaml has no port "left"; it has bright, in, loud, out
whole.yaml:12:38: portless.yaml has no ports; add `ports: {in: tone, out: tone}` to it, with its own nodes
whole.yaml:12:55: there is no node "a/none"; did you mean "a/tone"?
whole.yaml:13:26: strip.yaml has no port "dark"; it has bright, in, loud, out
)");
}

TEST_CASE("an edit of a strip's file is one of every patch that plays it") {
    Desk desk;
    desk.write("strip.yaml", strip);
    desk.write("whole.yaml",
               around("  a: {type: patch, file: strip.yaml}\n  out: {type: output}\nwires: [saw -> a -> out]\n"));
    const auto before = open_patch(desk.folder / "whole.yaml").patch;
    for (const char* name : {"whole.yaml", "strip.yaml"})  // and what may lie beside them, scenes and learned bindings
        CHECK(std::count(before.files.begin(), before.files.end(), (desk.folder / name).string()) == 1);
    Watch watch;
    watch.set(before.files);
    CHECK_FALSE(watch.edited());
    auto text = std::string(strip);
    desk.write("strip.yaml", text.replace(text.find("500 Hz"), 6, "900 Hz"));
    const auto file = desk.folder / "strip.yaml";
    std::filesystem::last_write_time(file, std::filesystem::last_write_time(file) + std::chrono::seconds(2));
    CHECK_FALSE(watch.edited());  // it may still be written
    CHECK(watch.edited());
    const auto changes = diff(before, open_patch(desk.folder / "whole.yaml").patch);
    CHECK(changes.changed == std::vector<std::pair<std::string, std::string>>{{"a/tone", "cutoff"}});
    CHECK(changes.added.empty());
    CHECK(changes.replaced.empty());
}

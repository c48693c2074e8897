// Where a show stands is written whole, read back the same, and taken up by a fresh engine.
// SPDX-License-Identifier: MIT
#include "host/session/snapshot.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>

#include "graph/abilities.h"
#include "host/patch/yaml.h"
#include "host/session/snapshot_file.h"
#include "nodes/registry.h"
#include "tests/child.h"
#include "tests/folder.h"

using namespace legume;
using namespace legume::test;

namespace {

Snapshot some() {
    Snapshot standing;
    standing.patch = "/a folder/set two.yaml";
    standing.place = 3;
    standing.seed = 0xffffffffffffffffu;
    standing.seconds = 321.0625;
    standing.beat = 642.1;
    standing.scene = "dark";
    standing.values = {{"tone/cutoff", 0.1f}, {"strip/filter/cutoff", 8'000}, {"out/gain", -1e-30f}};
    standing.nodes = {{"dream", std::string("\0\n end\nnode 7\xff", 14)}, {"choir/dream", "x"}};
    return standing;
}

Checked load(const std::string& text) {
    auto loaded = load_patch_text(text, "t.yaml");
    for (const auto& problem : loaded.problems) FAIL(to_string(problem));
    return check(std::move(loaded.patch), node_types());
}

const std::string patch_text = R"(legume: 1
tempo: 100
nodes:
  saw:  {type: oscillator, shape: saw, frequency: 110 Hz}
  tone: {type: filter, cutoff: 1 kHz}
  wet:  {type: gain, gain: -12 dB}
  pad:  {type: morph, scenes: [dark, bright]}
  out:  {type: output}
wires: [saw -> tone -> wet -> out]
scenes:
  dark:   {tone.cutoff: 300 Hz, wet.gain: -6 dB}
  bright: {tone.cutoff: 6 kHz, wet.gain: -20 dB}
)";

std::vector<float> play(Runner& runner, int blocks) {
    std::vector<float> left(static_cast<std::size_t>(blocks) * block_frames), right(left);
    for (std::size_t at = 0; at < left.size(); at += block_frames) {
        float* out[] = {left.data() + at, right.data() + at};
        runner.render_block(nullptr, out);
        runner.tick();
    }
    return left;
}

float own(Controls& controls, const std::string& name) { return controls.find(name)->param()->own(); }

}  // namespace

TEST_CASE("where a show stands comes back as it was written, and half of it is nothing") {
    const auto text = write_snapshot(some());
    const auto read = read_snapshot(text);
    REQUIRE(read);
    CHECK((*read == some()));
    for (std::size_t length = 0; length + 1 < text.size(); ++length) CHECK_FALSE(read_snapshot(text.substr(0, length)));
    CHECK_FALSE(read_snapshot("something else"));
    CHECK_FALSE(read_snapshot("legume standing 1\nnode 99999999999999999999 x\nend\n"));
    CHECK_FALSE(read_snapshot("legume standing 1\nseed -1\nend\n"));
}

TEST_CASE("a fresh engine takes up params and beat, what a hand took from a morph, and nothing that is gone") {
    Snapshot left;
    {
        Runner runner({48'000, 0, 2, 3, {}});
        REQUIRE(runner.edit(load(patch_text)).empty());
        Controls controls(runner);
        controls.bind();
        controls.move(*controls.find("pad/x"), 0.5f, "osc", 0);
        controls.move(*controls.find("tone/cutoff"), 1'234, "midi cc 1", 0);
        controls.move(*controls.find("transport/tempo"), 90, "osc", 0);
        play(runner, 100);
        left = snapshot_of(controls);
    }
    CHECK(left.seconds == doctest::Approx(6'400 / 48'000.0));
    CHECK(left.beat > 0);
    left.values.emplace_back("gone/cutoff", 1.0f);

    RunnerSetup setup{48'000, 0, 2, 3, {}};
    setup.beat = left.beat;
    Runner runner(setup);
    REQUIRE(runner.edit(load(patch_text)).empty());
    Controls controls(runner);
    controls.bind();
    take_up(left, controls);
    CHECK(runner.beat() == left.beat);
    play(runner, 1);
    CHECK(own(controls, "pad/x") == 0.5f);
    CHECK(own(controls, "tone/cutoff") == 1'234);
    CHECK(own(controls, "transport/tempo") == 90);
    CHECK(runner.beat() > left.beat);
    CHECK(runner.beat() < left.beat + 0.01);
}

TEST_CASE("a node goes on from its own bytes, before it makes its first sound") {
    struct Remembering final : Node, HasState {
        Out out{this, "out", "Sound."};
        std::string bytes = "fresh", heard;
        Work work{this, "ahead", Work::Pool::generate,
                  [this] {
                      if (heard.empty()) heard = bytes;
                      return false;
                  },
                  "Plays ahead."};
        std::string save_state() override { return bytes; }
        bool load_state(std::string_view left) override {
            bytes = left;
            return true;
        }
        void process(const Block& b) noexcept RT_SAFE override {
            for (auto& x : out.write(b, 0)) x = 0;
        }
    };
    static const NodeType type{"remembering", "A node.", make_node<Remembering>};
    static const NodeType* const types[] = {&type};
    Patch patch;
    patch.nodes.resize(1);
    patch.nodes[0].id = "dream";
    patch.nodes[0].type = "remembering";
    Snapshot left;
    left.nodes = {{"other", "no"}, {"dream", "left"}};
    RunnerSetup setup{48'000, 0, 2, 3, {}};
    setup.resume = [&](const std::string& id, Node& node) { resume(left, id, node); };
    Runner runner(setup);
    REQUIRE(runner.edit(check(patch, types)).empty());
    CHECK(static_cast<const Remembering*>(runner.find("dream"))->heard == "left");
    Controls controls(runner);
    controls.bind();
    const auto now = snapshot_of(controls);
    REQUIRE(now.nodes.size() == 1);
    CHECK(now.nodes[0] == std::pair<std::string, std::string>("dream", "left"));
}

TEST_CASE("what was saved is left to the next start, a show that ended well leaves nothing, two at once do not mix") {
    const Folder folder;
    setenv("XDG_STATE_HOME", folder.path.c_str(), 1);
    const auto patch = folder / "first.yaml";
    std::ofstream(patch) << "legume: 1\n";
    auto mine = some();
    mine.patch = patch;
    const auto kept = [&](const std::string& end) {
        return eventually([&] {
            for (const auto& entry : std::filesystem::directory_iterator(folder / "legume"))
                if (entry.path().string().ends_with(end)) return true;
            return false;
        });
    };
    {
        SnapshotFile show(patch, false), second(patch, false);
        CHECK(show.greeting().empty());
        CHECK(show.save(mine).empty());
        CHECK(kept(".standing"));
        CHECK(second.greeting().empty());
        second.over();
    }
    {
        SnapshotFile again(patch, false);
        CHECK(again.greeting().find("ended in the middle, at ") != std::string::npos);
        CHECK(again.greeting().find("after 5:21. To go on from there, stop and start again with --resume.") !=
              std::string::npos);
        again.over();
    }
    for (int crash = 0; crash < 2; ++crash) {
        SnapshotFile resumed(patch, true);
        REQUIRE(resumed.resumed());
        CHECK((*resumed.resumed() == mine));
        CHECK(resumed.greeting().starts_with("Going on from 20"));
        if (crash == 1) resumed.over();
    }
    SnapshotFile last(patch, true);
    CHECK_FALSE(last.resumed());
    CHECK(last.greeting() == "There is nothing to go on from: the show begins afresh.");
    unsetenv("XDG_STATE_HOME");
}

TEST_CASE("a place where nothing can be kept is said, and keeps nobody from playing") {
    const Folder folder;
    std::ofstream(folder / "file") << "no folder";
    setenv("XDG_STATE_HOME", (folder / "file").c_str(), 1);
    SnapshotFile show(folder / "first.yaml", false);
    CHECK(show.greeting().find("Where the show stands is not kept: ") == 0);
    CHECK(show.save(some()).empty());
    show.over();
    unsetenv("XDG_STATE_HOME");
}

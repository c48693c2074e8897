// What a plan says, with stopwatches that show what they are told.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train/plan.h"

#include <doctest/doctest.h>

#include <fstream>

#include "nodes/samplernn/train/presets.h"
#include "tests/folder.h"

using namespace legume::samplernn;
using legume::test::Folder;

namespace {

struct Case {
    Folder folder;
    TrainSettings settings;
    Corpus corpus;
    Measuring measuring;
    explicit Case(const std::string& size) {
        set_size(settings.config, size);
        settings.run = folder / "runs/x";
        settings.steps = 142'000;
        settings.batch = 64;
        settings.window = 512;
        corpus.passages.resize(3);
        corpus.seconds = 1'320;
        corpus.learn_seconds = 1'200;
        corpus.left_out = {"bad.wav is empty (0 bytes)"};
        measuring.train = [](const Config& c) { return 2.4e6 / c.dim; };
        measuring.play = [](const NetworkShape& s) { return (s.sparsity > 0 ? 20 : 1) * 3.2e6 / s.config.dim; };
    }
    std::vector<std::string> lines(const std::optional<BenchResult>& player = {}) const {
        return plan(settings, corpus, measuring, player);
    }
    std::string said(const std::optional<BenchResult>& player = {}) const {
        std::string all;
        for (const auto& line : lines(player)) all += line + "\n";
        return all;
    }
};

bool has(const std::string& text, const std::string& part) {
    INFO(text);
    const bool found = text.find(part) != text.npos;
    CHECK_MESSAGE(found, part);
    return found;
}

std::string bench_json(const std::string& name) {
    return R"({"machine": {"cpu": "A Laptop", "cores": 8}, "model": {"name": ")" + name +
           R"(", "dim": 1024, "frames": [2, 8], "levels": 256, "sample_rate": 16000, "sparsity": 0}, "rows": [
  {"isa": "avx2", "precision": "int8", "voices": 1, "samples_per_second": 9000},
  {"isa": "avx512", "precision": "int8", "voices": 1, "samples_per_second": 12000},
  {"isa": "avx512", "precision": "int8", "voices": 2, "samples_per_second": 99000},
  {"isa": "avx512", "precision": "int4", "voices": 1, "samples_per_second": 99000},
  {"isa": "scalar", "precision": "int8", "voices": 1, "samples_per_second": 50}]})";
}

}  // namespace

TEST_CASE("a plan says what is learned and left out, what it takes, and what would play instead") {
    const Case plan("piece");
    const auto said = plan.said();
    has(said, "3 sounds, 20 min 00 s to learn and 2 min 00 s held out; left out:\n  bad.wav is empty (0 bytes)\n");
    has(said, "21.9 million parameters: dim 1024, frames 2/8\n");
    has(said, "80 checkpoints of 87 MB, 880 takes");
    has(said, "2344 samples a second, measured here in a few updates\n");
    has(said, "23 days to the end: 4.7 billion samples, 242 x the sound to learn\n");
    CHECK(plan.lines().back() ==
          "piece: 23 days here, 0.2 x real time here; with prune: 0.9 it plays 3.9 x; size: pocket takes 6 days and "
          "plays 0.78 x");
}

TEST_CASE("a plan of a run that prunes says how the pruned network plays") {
    Case plan("piece");
    plan.settings.prune = 0.9;
    CHECK(plan.lines().back() == "piece: 23 days here, pruned to 0.9 3.9 x real time here");
    has(plan.said(), " checkpoints of 11 MB");  // 87 MB when nothing is left out; tables are never pruned
}

TEST_CASE("of the smaller sizes, a plan names the largest that plays") {
    Case plan("piece");
    plan.measuring.play = [](const NetworkShape& s) { return s.config.dim <= 512 ? 64'000 : 3'200; };
    has(plan.said(), "size: stage takes 11 days and plays 4.0 x\n");
}

TEST_CASE("of a network that plays, a plan says no more") {
    Case plan("pocket");
    plan.measuring.play = [](const NetworkShape&) { return 160'000.0; };
    plan.settings.steps = 1'000;
    CHECK(plan.lines().back() == "pocket: 58 min 15 s here, 10 x real time here");
    plan.settings.minutes = 30;
    CHECK(plan.lines().back() == "pocket: 30 min 00 s here, 10 x real time here");
    plan.settings.steps = 0;
    CHECK(plan.lines().back() == "pocket: 30 min 00 s here, 10 x real time here");
    plan.settings.config.dim = 300;
    has(plan.lines().back(), "dim 300, frames 4/16: ");
}

TEST_CASE("a plan that does not fit into memory or onto the disk says so, and trains nothing") {
    Case plan("piece");
    plan.measuring.memory = 5e8;
    plan.measuring.train = [](const Config&) -> double {
        FAIL("it was to be trained");
        return 1;
    };
    plan.measuring.play = [](const NetworkShape&) { return 160'000.0; };
    plan.settings.every = 1;
    plan.settings.steps = 1'000'000'000;
    const auto said = plan.said();
    has(said,
        "; this machine has 500 MB: it will not fit; set memory below that, or a smaller batch, window or size\n");
    has(said, "piece: too large to train here, 10 x real time here\n");
    has(said, "make room, keep fewer checkpoints, or set another run folder");
    plan.settings.memory = 1e6;  // of which the message is the cutter's
    has(plan.said(), "piece: too large to train here, 10 x real time here\n");
}

TEST_CASE("a plan judges for the machine whose bench it is given") {
    const Case plan("piece");
    std::ofstream(plan.folder / "b.json") << bench_json("dim=1024 frames=2/8 rate=48000");
    const auto player = read_bench(plan.folder / "b.json");
    CHECK(player.isa == "avx512");
    CHECK(player.samples_per_second == 12'000);
    has(plan.said(player),
        "piece: 23 days here, 0.75 x real time on A Laptop (avx512); to know it pruned, run there: "
        "legume bench --shape \"dim=1024 frames=2/8 sparsity=0.9\" --json; size: ");
    std::ofstream(plan.folder / "p.json") << bench_json("dim=1024 frames=2/8 sparsity=0.9");
    has(plan.said(read_bench(plan.folder / "p.json")), "pruned to 0.9 0.75 x real time on A Laptop");
    std::ofstream(plan.folder / "m.json") << bench_json("models/00042.safetensors");
    CHECK(read_bench(plan.folder / "m.json").shape.config.dim == 1'024);
}

TEST_CASE("a bench of another network, and what is no bench, are errors that say what to run") {
    const Case plan("stage");
    std::ofstream(plan.folder / "b.json") << bench_json("dim=1024 frames=2/8");
    CHECK_THROWS_WITH_AS(plan.lines(read_bench(plan.folder / "b.json")),
                         "the bench was of another network, dim=1024 frames=2/8; on the machine that will play, run: "
                         "legume bench --shape \"dim=512 frames=4/16\" --json",
                         ModelError);
    const auto error_of = [&](const std::string& name, const std::string& text) {
        if (!text.empty()) std::ofstream(plan.folder / name) << text;
        try {
            read_bench(plan.folder / name);
        } catch (const ModelError& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    has(error_of("none.json", ""), "none.json: cannot be read");
    for (const auto* text : {"no JSON", "{}", "[1]", "{\"machine\": 3, \"model\": {}, \"rows\": []}"})
        has(error_of("bad.json", text), "bad.json: is not what `legume bench --shape ... --json` prints");
    auto other = bench_json("dim=1024 frames=2/8");
    for (std::size_t at; (at = other.find("int8")) != other.npos;) other.replace(at, 4, "fp32");
    has(error_of("fp32.json", other), "fp32.json: holds no row of one voice in int8");
}

TEST_CASE("the engine plays a network of a shape for the plan") {
    CHECK(play_speed(parse_shape("dim=16 frames=2/4 levels=32 embedding=8")) > 0);
}

// The folder that a run leaves: its patch, its log, its ages, its takes and its page; and heard while it grows.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "nodes/samplernn/takes/take.h"
#include "tests/child.h"
#include "tests/folder.h"
#include "tests/harness.h"
#include "tests/nodes/samplernn/checkpoint_bytes.h"

using namespace legume::test;
using namespace legume::samplernn;
namespace fs = std::filesystem;

namespace {

struct Desk {
    Desk() {
        write_wav(folder / "tone.wav", {sine(110, 4'000, 16'000, 0.5f)}, 4'000);
        std::ofstream(folder / "settings") << "device = null\n";
        fs::create_directory(folder / "legume");
        fs::rename(folder / "settings", folder / "legume/settings");
        setenv("XDG_CONFIG_HOME", folder.path.c_str(), 1);  // a test makes no sound
    }
    void patch(const std::string& settings) const {
        std::ofstream(folder / "p.yaml")
            << "legume: 1\nseed: 7\nnodes:\n  learn: {type: train, files: tone.wav, dim: 16, embedding: 8, levels: 32, "
               "sample_rate: 4 kHz, window: 64, batch: 4, run: run, take_seconds: 0.1, "
            << settings << "}\n";
    }
    std::vector<std::string> command(std::vector<std::string> more = {}) const {
        more.insert(more.begin(), {built("legume-train"), folder / "p.yaml", "--threads", "1"});
        return more;
    }
    std::string said(int code) const {
        Child train(command());
        const int ended = train.wait();
        CHECK_MESSAGE(ended == code, train.output());
        return train.output();
    }
    Folder folder;
    fs::path run = folder / "run";
};

}  // namespace

TEST_CASE("a run leaves its patch, its log, checkpoints with takes, and its page; keep bounds the checkpoints alone") {
    const Desk desk;
    desk.patch("steps: 12, every: 2, keep: 4, takes: 3");
    CHECK(desk.said(0).find("report.html: 18 takes\n") != std::string::npos);
    CHECK(bytes_of(desk.run / "patch.yaml") == bytes_of(desk.folder / "p.yaml"));
    CHECK(fs::exists(desk.run / "log.csv"));
    CHECK(find_checkpoints(desk.run).size() == 4);
    CHECK(read_config(find_checkpoints(desk.run).front()).step == 2);
    CHECK(read_config(find_checkpoints(desk.run).back()).step == 12);
    CHECK(find_takes(desk.run / "takes").size() == 18);
    const auto page = bytes_of(desk.run / "report.html");
    CHECK(page.find("<h2>step 12</h2>") != std::string::npos);

    for (const char* curve : {"Bits a sample, by step", "Samples a second", "Memory, GB"})
        CHECK(page.find("<h2>" + std::string(curve) + "</h2>") != std::string::npos);

    // What went missing comes back, and is the same.
    const auto lost = find_takes(desk.run / "takes").back();
    const auto before = bytes_of(lost);
    fs::remove(lost);
    desk.said(0);
    CHECK(bytes_of(lost) == before);
}

TEST_CASE("train --listen plays new takes while it goes on, and Ctrl-C ends both") {
    const Desk desk;
    desk.patch("steps: 1000000, every: 500, takes: 1");
    Child train(desk.command({"--listen"}));
    CHECK_MESSAGE(train.says("Listening to " + desk.run.string()), train.output());
    CHECK_MESSAGE(train.says(": takes/00"), train.output());
    CHECK(train.running());
    train.signal(SIGINT);
    CHECK_MESSAGE(train.wait() == 0, train.output());
    CHECK(train.output().find("stopped and saved in") != std::string::npos);
}

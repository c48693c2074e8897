// The trainer on a folder of mixed sound files: what it plans, what it refuses, and how it goes on.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/torch/compatibility.h"
#include "nodes/samplernn/train/resume.h"
#include "tests/child.h"
#include "tests/folder.h"
#include "tests/harness.h"

using namespace legume::test;
using namespace legume::samplernn;
namespace fs = std::filesystem;

namespace {

struct Desk {
    Folder folder;
    Desk() {
        fs::create_directories(folder / "sounds/more");
        for (const double rate : {8'000.0, 44'100.0}) {
            Channels sound(rate > 10'000 ? 2 : 1, Samples(static_cast<std::size_t>(2 * rate)));
            for (auto& channel : sound)
                for (std::size_t i = 0; i < channel.size(); ++i)
                    channel[i] = 0.5f * static_cast<float>(std::sin(700 * static_cast<double>(i) / rate));
            write_wav(folder / ("sounds/" + std::to_string(static_cast<int>(rate)) + ".wav"), sound, rate);
        }
        const fs::path root = source_folder();
        fs::copy(root / "assets/sounds/pulses.flac", folder / "sounds/more/pulses.flac");
        fs::copy(root / "tests/nodes/sounds/estimated.mp3", folder / "sounds/estimated.mp3");
        fs::copy(root / "tests/nodes/sounds/tone.ogg", folder / "sounds/tone.ogg");
        std::ofstream(folder / "sounds/broken.flac") << "no sound at all";
        patch();
    }
    void patch(const std::string& more = "") const {
        std::ofstream(folder / "p.yaml")
            << "legume: 1\nseed: 7\nnodes:\n  learn: {type: train, files: sounds, dim: 16, embedding: 8, levels: 32, "
               "sample_rate: 4 kHz, window: 64, batch: 4, steps: 4, every: 4, takes: 1, take_seconds: 0.5"
            << more << "}\n";
    }
    std::string said(int code, std::vector<std::string> more) const {
        more.insert(more.begin(), {folder / "p.yaml", "--threads", "1"});
        return legume::test::said(code, std::move(more), built("legume-train"));
    }
};

bool has(const std::string& text, const std::string& part) {
    INFO(text);
    const bool found = text.find(part) != text.npos;
    CHECK_MESSAGE(found, part);
    return found;
}

}  // namespace

TEST_CASE(
    "train plans and learns a folder of WAV, FLAC, Ogg and MP3 at mixed rates, and names the one that is broken") {
    const Desk desk;
    const auto broken = desk.folder / "sounds/broken.flac";
    const auto plan = desk.said(0, {"--plan"});
    has(plan, "5 sounds, ");
    has(plan, "left out:\n  " + broken.string() + " is not a sound that can be decoded");
    has(plan, " samples a second, measured here in a few updates\n");
    has(plan, "dim 16, frames 4/16: ");
    has(plan, " x real time here");
    CHECK(!fs::exists(desk.folder / "runs/p/checkpoints"));
    const auto said = desk.said(0, {});
    has(said, broken.string() + " is not a sound that can be decoded");
    has(said, "; it is left out\n");
    has(said, "5 sounds, ");
    has(said, "finished after step 4; ");
    CHECK_NOTHROW(find_checkpoint(desk.folder / "runs/p"));

    desk.patch(", strict: true");
    has(desk.said(1, {"--plan"}), "mend it, take it out, or set strict: false to leave it out\n");
}

TEST_CASE("a run does not go on with other sound unless it is told to") {
    const Desk desk;
    desk.said(0, {});
    fs::remove(desk.folder / "sounds/8000.wav");
    const auto refused = desk.said(1, {"--steps", "8"});
    has(refused, "runs/p: holds a run of other sound; say --accept-corpus to go on with this sound, set another run");
    const auto accepted = desk.said(0, {"--steps", "8", "--accept-corpus"});
    has(accepted, "runs/p: goes on with other sound than it began with\n");
    has(accepted, "goes on after step 4\n");
    has(accepted, "finished after step 8; ");
    desk.said(0, {"--steps", "9"});  // it is its own now
}

TEST_CASE("a grid of places that overlap is learned, and is another run than one by chance") {
    const Desk desk;
    desk.patch(", overlap: 50 %");
    has(desk.said(0, {}), "finished after step 4; ");
    desk.patch();
    has(desk.said(1, {"--steps", "8"}),
        "overlap is none here and 0.5 in the run; set it back, say --accept-changes to go on");
}

TEST_CASE("a run whose folder and sound have moved knows its files by their content") {
    Desk desk;
    desk.patch(", augment_gain: [-6 dB, 0 dB]");
    desk.said(0, {});
    fs::create_directories(desk.folder / "attic/old");
    int number = 0;
    for (const auto& entry : fs::recursive_directory_iterator(desk.folder / "sounds"))
        if (entry.is_regular_file() && entry.path().filename() != "broken.flac")  // nobody learned from it
            fs::copy(entry.path(), desk.folder / ("attic/old/" + std::to_string(9 - number++)));  // named otherwise
    std::ofstream(desk.folder / "attic/other.wav") << "not of this run";
    fs::rename(desk.folder / "sounds", desk.folder / "gone");
    has(desk.said(1, {"--steps", "8"}), "sounds does not exist; ");
    const auto found = desk.said(0, {"--steps", "8", "--corpus", desk.folder / "attic"});
    has(found, "the sound that the run learned from is in " + (desk.folder / "attic").string());
    has(found, "goes on after step 4\n");
    has(found, "finished after step 8; ");
    fs::remove(desk.folder / "attic/old/9");
    has(desk.said(1, {"--steps", "9", "--corpus", desk.folder / "attic"}),
        "attic: no file in it has the content of " + (desk.folder / "sounds/").string());
    has(desk.said(1, {"--corpus", desk.folder / "nowhere"}), "--corpus needs a folder with the sound in it\n");
}

TEST_CASE("a run that another LibTorch began goes on, and says that its bytes are others from here on") {
    const Desk desk;
    desk.said(0, {});
    const auto began_with = [&](const std::string& line) {
        auto resume = read_resume(desk.folder / "runs/p/resume.legume");
        REQUIRE(resume);
        const auto now = "libtorch " + value_in(resume->run, "libtorch").value_or("") + "\n";
        const auto at = resume->run.find(now);
        REQUIRE(at != std::string::npos);
        resume->run.replace(at, now.size(), line);
        write_resume(desk.folder / "runs/p/resume.legume", *resume);
    };
    began_with("libtorch 0.4.1\n");
    has(desk.said(0, {"--steps", "6"}),
        " here and 0.4.1 in the run; it goes on, and its bytes are no longer those of the run as it began\n");
    CHECK(desk.said(0, {"--steps", "8"}).find("libtorch") == std::string::npos);
    began_with("");  // a legume that did not write it down
    CHECK(desk.said(0, {"--steps", "10"}).find("libtorch") == std::string::npos);
}

TEST_CASE("a new run whose files are not there learns from the folder it is given") {
    const Desk desk;
    fs::rename(desk.folder / "sounds", desk.folder / "attic");
    has(desk.said(0, {"--corpus", desk.folder / "attic"}), "finished after step 4; ");
}

TEST_CASE("a plan leaves nothing of what it heard") {
    const Desk desk;
    std::ofstream(desk.folder / "p.yaml")
        << "legume: 1\nseed: 7\nnodes:\n  loop: {type: player, file: sounds/8000.wav, loop: true}\n"
           "  learn: {type: train, seconds: 2, dim: 16, embedding: 8, levels: 32, sample_rate: 4 kHz, window: 64, "
           "batch: 4, steps: 4, every: 4, takes: 1, take_seconds: 0.1}\nwires:\n  - loop -> learn\n";
    has(desk.said(0, {"--plan"}), " samples a second, measured here in a few updates\n");
    CHECK(!fs::exists(desk.folder / "runs/p/heard.wav"));
    has(desk.said(0, {}), "finished after step 4; ");
    CHECK(fs::exists(desk.folder / "runs/p/heard.wav"));
}

TEST_CASE("sound that cannot be learned ends the trainer with a line, and no run begins") {
    const Desk desk;
    const auto only = [&](const Channels& sound) {
        fs::remove_all(desk.folder / "sounds");
        fs::create_directories(desk.folder / "sounds");
        if (!sound.empty()) write_wav(desk.folder / "sounds/only.wav", sound, 4'000);
        std::ofstream(desk.folder / "sounds/card.txt") << "no sound";
        const auto said = desk.said(1, {});
        CHECK(!fs::exists(desk.folder / "runs/p/resume.legume"));
        return said;
    };
    has(only({}), "sounds holds no sound file\n");
    has(only({Samples(20, 0.5f)}), "no sound is long enough to learn from: the longest has 0.01 s and a window is ");
    has(only({Samples(8'000, 0.0f)}), "all of the sound is silence; ");
}

TEST_CASE("legume train --help says all that the trainer takes") {
    const auto help = legume::test::said(0, {"train", "--help"});
    for (const char* option : {"PATCH", "--plan", "--for FILE", "--seed N", "--threads N", "--steps N",
                               "--accept-corpus", "--accept-changes", "--corpus DIR", "--listen"})
        has(help, option);
    has(legume::test::said(1, {"train"}), "PATCH is required");
}

TEST_CASE("the trainer's command line says what it does not understand") {
    const Desk desk;
    has(desk.said(1, {"--plann"}), "there is no --plann\n");
    has(desk.said(1, {"--for", "b.json"}), "--for goes with --plan\n");
    has(desk.said(1, {"--plan", "--for"}), "--for needs a file that `legume bench --shape ... --json` wrote\n");
    has(desk.said(1, {"--steps", "many"}), "--steps needs a whole number, not \"many\"\n");
    has(desk.said(1, {"--threads", "0"}), "--threads needs a whole number, not \"0\"\n");
    has(desk.said(1, {"other.yaml"}), "one patch at a time, please\n");
    has(desk.said(1, {"--plan", "--for", desk.folder / "none.json"}), "none.json: cannot be read");
}

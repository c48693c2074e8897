// legume-train is killed wherever it is, started again, and ends with the bytes of a run that nobody killed.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "nodes/samplernn/train/resume.h"
#include "tests/child.h"
#include "tests/folder.h"
#include "tests/nodes/samplernn/checkpoint_bytes.h"

using namespace legume::test;
using legume::samplernn::bytes_of;
namespace fs = std::filesystem;

namespace {

// A copy of tests/patches/train-short.yaml with the sound that it names, and what became of it.
struct Desk {
    Folder folder;
    const fs::path patch = folder / "tests/patches/train-short.yaml";
    const fs::path run = folder / "tests/patches/runs/train-short";
    Desk() {
        const fs::path root = source_folder();
        fs::create_directories(patch.parent_path());
        fs::create_directories(folder / "assets/sounds");
        fs::copy(root / "tests/patches/train-short.yaml", patch);
        fs::copy(root / "assets/sounds/pulses.flac", folder / "assets/sounds/pulses.flac");
    }
    std::vector<std::string> command() const { return {built("legume-train"), patch, "--threads", "1"}; }
    std::string finish() const {
        Child child(command());
        CHECK_MESSAGE(child.wait() == 0, child.output());
        return child.output();
    }

    std::int64_t logged() const {  // the step of the log's last whole row
        const std::string log = bytes_of(run / "log.csv");
        const auto end = log.rfind('\n');
        if (end == log.npos) return 0;
        const auto begin = end > 0 ? log.rfind('\n', end - 1) : log.npos;
        return begin == log.npos ? 0 : std::atoll(log.c_str() + begin + 1);
    }
    // In the middle of writing a file.
    bool writes() const {
        std::error_code failed;
        for (fs::recursive_directory_iterator it(run, failed), end; !failed && it != end; it.increment(failed))
            if (it->path().filename().string().find(".part") != std::string::npos) return true;
        return false;
    }

    // What a run leaves for its player: checkpoints, takes (not their Ogg twins for the report, whose stream numbers
    // are libsndfile's chance), and the log without speed and memory, which no run repeats.
    std::map<std::string, std::string> left() const {
        std::map<std::string, std::string> files;
        for (const char* name : {"checkpoints", "takes"})
            for (const auto& entry : fs::directory_iterator(run / name))
                if (entry.path().extension() != ".ogg")
                    files[fs::path(name) / entry.path().filename()] = bytes_of(entry.path());
        std::ifstream log(run / "log.csv");
        for (std::string row; std::getline(log, row);)
            files["log.csv"] += row.substr(0, row.rfind(',', row.rfind(',') - 1)) + "\n";
        return files;
    }
};

void check_same(const std::map<std::string, std::string>& expected, const std::map<std::string, std::string>& found) {
    std::vector<std::string> names, found_names;
    for (const auto& [name, bytes] : expected) names.push_back(name);
    for (const auto& [name, bytes] : found) found_names.push_back(name);
    CHECK(found_names == names);
    for (const auto& [name, bytes] : expected) {
        const auto other = found.find(name);
        if (other != found.end()) CHECK_MESSAGE(other->second == bytes, name);
    }
    CHECK_MESSAGE(found.at("log.csv") == expected.at("log.csv"), found.at("log.csv"));
}

}  // namespace

TEST_CASE("a run that is killed at three moments by chance ends with the same bytes as one that is not") {
    const Desk whole;
    whole.finish();
    const auto expected = whole.left();
    CHECK(expected.size() == 12 + 2 * 12 + 1);  // two takes of each
    const auto seed = std::random_device{}();
    MESSAGE("seed of the three moments: " << seed);
    INFO("seed " << seed);
    std::mt19937 chance(seed);
    const auto up_to = [&](std::int64_t n) { return static_cast<std::int64_t>(chance() % static_cast<unsigned>(n)); };
    bool killed = false;
    // Whoever sleeps through the end of a run begins it anew.
    for (int attempt = 0; attempt < 10 && !killed; ++attempt) {
        const Desk desk;
        killed = true;
        for (int kill = 0; kill < 3 && killed; ++kill) {
            const auto from = 600 * kill + up_to(500);  // of 2000
            const bool in_a_file = up_to(2) == 1;
            const auto delay = std::chrono::microseconds(up_to(20'000));
            Child child(desk.command());
            const auto patience = [&](auto so) {
                while (child.running() && !so()) child.output();
            };
            patience([&] { return desk.logged() >= from && fs::exists(desk.run / "resume.legume"); });
            if (in_a_file)
                patience([&] { return desk.writes() || desk.logged() >= from + 100; });
            else
                std::this_thread::sleep_for(delay);
            child.signal(SIGKILL);
            killed = child.wait() == -SIGKILL;
            const std::string where = desk.writes() ? ", while it wrote a file" : "";
            MESSAGE("killed after step " << desk.logged() << where);
        }
        if (!killed) continue;
        const auto said = desk.finish();
        CHECK_MESSAGE(said.find("goes on after step ") != said.npos, said);
        check_same(expected, desk.left());
        CHECK(!desk.writes());
    }
    CHECK(killed);
}

TEST_CASE("a run that was killed after a checkpoint and before it saved writes that checkpoint again, the same") {
    const Desk desk;
    const auto resume = desk.run / "resume.legume", earlier = desk.folder / "earlier";
    {
        Child child(desk.command());
        while (child.running() && desk.logged() < 100) child.output();
        child.signal(SIGKILL);
        child.wait();
    }
    fs::copy(resume, earlier);
    desk.finish();
    const auto expected = desk.left();
    fs::copy(earlier, resume, fs::copy_options::overwrite_existing);  // now all the rest is newer
    desk.finish();
    check_same(expected, desk.left());
}

TEST_CASE("what a killed writer left is swept away, and nothing else") {
    const Desk desk;
    fs::create_directories(desk.run / "checkpoints");
    fs::create_directories(desk.run / "takes");
    fs::create_directories(desk.run / "corpus");
    const std::vector<std::string> rests{"resume.legume.part",       "checkpoints/00000003.safetensors.part",
                                         "takes/00000003.part.flac", "takes/00000003.part-2.flac",
                                         "corpus/0123.levels.part",  "heard.part.wav"};
    const std::vector<std::string> kept{"picks.yaml", "takes/part.txt", "takes/mine.flac"};
    for (const auto& list : {rests, kept})
        for (const auto& name : list) std::ofstream(desk.run / name) << "x";
    legume::samplernn::sweep(desk.run);
    for (const auto& name : rests) CHECK_MESSAGE(!fs::exists(desk.run / name), name);
    for (const auto& name : kept) CHECK_MESSAGE(fs::exists(desk.run / name), name);
}

TEST_CASE("a second trainer does not touch a folder in which another trains") {
    const Desk desk;
    fs::create_directories(desk.run);
    const legume::samplernn::RunLock held(desk.run);
    Child child(desk.command());
    CHECK(child.wait() == 1);
    CHECK_MESSAGE(child.says("runs/train-short: is being trained by another legume; "), child.output());
    CHECK(!fs::exists(desk.run / "resume.legume"));
}

#ifdef __linux__
namespace {

// A disk that is full as soon as a file has so many bytes: a limit of the process, so that no disk need be filled.
void give_room(const Child& child, rlim_t bytes) {
    rlimit limit{};
    if (prlimit(child.pid(), RLIMIT_FSIZE, nullptr, &limit) != 0) return;  // it is over
    limit.rlim_cur = std::min(bytes, limit.rlim_max);
    prlimit(child.pid(), RLIMIT_FSIZE, &limit, nullptr);
}

// A run that waits for room. Whoever sleeps through the end of a run begins it anew.
std::unique_ptr<Child> held_up(const Desk& desk) {
    for (int attempt = 0; attempt < 10; ++attempt) {
        auto child = std::make_unique<Child>(desk.command());
        while (child->running() && desk.logged() < 100) child->output();
        if (child->running()) give_room(*child, 1'000);
        if (child->says("; the run waits until that is mended, and goes on by itself\n")) return child;
        MESSAGE("the run was over before its disk was full: " << child->output());
        fs::remove_all(desk.run);
    }
    return nullptr;
}

}  // namespace

TEST_CASE("a full disk holds a run up, and with room again it ends with the same bytes; nothing saved is touched") {
    const Desk whole, desk;
    whole.finish();
    const auto held = held_up(desk);
    REQUIRE(held);
    Child& child = *held;
    const auto resume = legume::samplernn::read_resume(desk.run / "resume.legume");
    REQUIRE(resume);
    const auto before = desk.left();
    for (const auto& [name, bytes] : before)
        if (name != "log.csv") CHECK_MESSAGE(whole.left().at(name) == bytes, name);
    CHECK(child.running());
    give_room(child, RLIM_INFINITY);
    CHECK(child.says("there is room again; the run goes on\n"));
    CHECK(child.wait() == 0);
    check_same(whole.left(), desk.left());
    CHECK(!desk.writes());
}

TEST_CASE("Ctrl-C ends a run that waits for room, and the same command goes on from its last save") {
    const Desk whole, desk;
    whole.finish();
    {
        const auto child = held_up(desk);
        REQUIRE(child);
        child->signal(SIGINT);
        CHECK(child->wait() == 1);
        CHECK_MESSAGE(child->says("; stopped without saving. The last save is of step "), child->output());
    }
    desk.finish();
    check_same(whole.left(), desk.left());
}
#endif

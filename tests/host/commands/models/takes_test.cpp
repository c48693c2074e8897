// What `legume takes` renders from a run, that it is what the engine plays, and what it will not do.
// SPDX-License-Identifier: MIT
#include "host/commands/models/takes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include "nodes/samplernn/engine/generator.h"
#include "nodes/samplernn/takes/take.h"
#include "tests/child.h"
#include "tests/harness.h"
#include "tests/nodes/samplernn/checkpoint_bytes.h"
#include "tests/nodes/samplernn/network_of.h"

using namespace legume::test;
using namespace legume::samplernn;
namespace fs = std::filesystem;

namespace {

// A run of four ages, the last of which plays in int8.
struct Desk {
    Desk() {
        fs::create_directories(run / "checkpoints");
        for (const int step : {10, 80, 270, 640}) {
            Config config = small_config();
            config.dim = 16;
            config.step = step;
            config.age = step / 640.0;
            if (step == 640) config.int8_cost = 0;
            write_checkpoint(checkpoint(step), network_of(config, static_cast<std::uint64_t>(step)), Storage::f32);
        }
    }
    fs::path checkpoint(int step) const { return run / "checkpoints" / (std::to_string(step) + ".safetensors"); }
    std::string said(int code, std::vector<std::string> more) const {
        more.insert(more.begin(), "takes");
        return legume::test::said(code, std::move(more));
    }
    std::string made(std::vector<std::string> more, int code = 0) const {
        more.insert(more.begin(), {run.string(), "--seed", "7", "--seconds", "0.25"});
        return said(code, more);
    }
    std::vector<std::string> names() const {
        std::vector<std::string> all;
        std::error_code none;
        for (fs::directory_iterator it(run / "takes", none), end; !none && it != end; it.increment(none))
            if (it->path().extension() == ".flac") all.push_back(it->path().filename().string());
        std::sort(all.begin(), all.end());
        return all;
    }
    Folder folder;
    fs::path run = folder / "my run";
};

}  // namespace

TEST_CASE("takes fall evenly over the ages, each with its voice and its temperature in its name") {
    const Desk desk;
    const auto said = desk.made({"--count", "6", "--temperature", "0.9,1.1"});
    CHECK(desk.names() ==
          std::vector<std::string>{"00000010-seed7-voice00-t0.9-0.25s.flac", "00000010-seed7-voice01-t1.1-0.25s.flac",
                                   "00000080-seed7-voice00-t0.9-0.25s.flac", "00000270-seed7-voice00-t1.1-0.25s.flac",
                                   "00000270-seed7-voice01-t0.9-0.25s.flac", "00000640-seed7-voice00-t1.1-0.25s.flac"});
    CHECK(has(said, "6 takes of 0.25 s in " + (desk.run / "takes").string() + ", seed 7\n"));
    CHECK(fs::exists(desk.run / "report.html"));
}

TEST_CASE("a take is what the engine plays by its recipe, in company or alone") {
    const Desk desk;
    desk.made({"--checkpoint", "640", "--count", "18", "--temperature", "0.8,1"});
    REQUIRE(desk.names().size() == 18);
    const auto checkpoint = read_checkpoint(desk.checkpoint(640));
    const auto model = std::make_shared<const Model>(checkpoint, Precision::int8);
    const auto hash = checkpoint_hash(desk.checkpoint(640));
    for (const int voice : {0, 1, 15, 17}) {
        const auto take =
            read_take(desk.run / "takes" / desk.names()[static_cast<std::size_t>(voice)], checkpoint.config, hash);
        CHECK(take.recipe ==
              Recipe{hash, 640, 7, static_cast<std::uint64_t>(voice), voice % 2 ? 1 : 0.8f, Precision::int8});
        REQUIRE(take.levels.size() == 2'000);
        Generator generator(model, 7, 1, static_cast<std::uint64_t>(voice));
        for (const int level : take.levels)
            REQUIRE(model->levels.amplitude(level) == generator.next(take.recipe.temperature));
    }
}

TEST_CASE("the same takes are the same files, and those that are there are not written again") {
    const Desk desk;
    desk.made({"--count", "4"});
    std::vector<std::string> first;
    for (const auto& name : desk.names()) first.push_back(bytes_of(desk.run / "takes" / name));
    fs::remove(desk.run / "takes" / desk.names()[1]);
    const auto before = fs::last_write_time(desk.run / "takes" / desk.names()[0]);
    CHECK(has(desk.made({"--count", "4"}), "1 takes of 0.25 s"));
    CHECK(fs::last_write_time(desk.run / "takes" / desk.names()[0]) == before);
    for (std::size_t i = 0; i < 4; ++i) CHECK(bytes_of(desk.run / "takes" / desk.names()[i]) == first[i]);

    write_checkpoint(desk.checkpoint(80), network_of(read_config(desk.checkpoint(80)), 5), Storage::f32);
    CHECK(has(desk.made({"--count", "4"}, 1),
              "00000080-seed7-voice00-t1-0.25s.flac is there already and of another "
              "network; move it away, or choose another --seed\n"));
    CHECK(bytes_of(desk.run / "takes" / desk.names()[1]) == first[1]);
}

TEST_CASE("a range of ages, one checkpoint by step or file, and a plain folder of checkpoints") {
    const Desk desk;
    const auto steps = [&] {
        std::string all;
        for (const auto& name : desk.names()) all += name.substr(5, 3) + " ";
        fs::remove_all(desk.run / "takes");
        return all;
    };
    desk.made({"--count", "2", "--from", "0.1", "--to", "0.5"});
    CHECK(steps() == "080 270 ");
    desk.made({"--count", "1"});
    CHECK(steps() == "640 ");
    desk.made({"--count", "2"});
    CHECK(steps() == "010 640 ");
    desk.made({"--count", "1", "--checkpoint", "80"});
    CHECK(steps() == "080 ");
    desk.made({"--count", "1", "--checkpoint", desk.checkpoint(270).string()});
    CHECK(steps() == "270 ");
    desk.said(0, {(desk.run / "checkpoints").string(), "--seconds", "0.1", "--count", "1"});
    CHECK(fs::exists(desk.run / "checkpoints/takes"));
}

TEST_CASE("takes says what it cannot do, and leaves nothing half made") {
    const Desk desk;
    const auto run = desk.run.string();
    CHECK(desk.said(1, {desk.folder.path / "none"}) ==
          (desk.folder / "none").string() + ": there is no such folder; name the folder of a run\n");
    CHECK(has(desk.said(1, {desk.checkpoint(80).string()}), "is a file; name the folder of its run"));
    fs::create_directory(desk.folder / "empty");
    CHECK(has(desk.said(1, {(desk.folder / "empty").string()}), "there is no checkpoint (*.safetensors) in it"));
    CHECK(desk.made({"--from", "0.2", "--to", "0.3"}, 1) ==
          run + " has no checkpoint of an age from 0.2 to 0.3; it has 4, from 0.015625 to 1\n");
    CHECK(desk.made({"--checkpoint", "81"}, 1) == run + " has no checkpoint of step 81; it has 10, 80, 270, 640\n");
    CHECK(desk.made({"--checkpoint", "lost.safetensors"}, 1) == "lost.safetensors: there is no such file or folder\n");
    CHECK(has(desk.made({"--temperature", "1,3"}, 1), "3 is not a number from 0 to 2"));
    CHECK(has(desk.made({"--count", "0"}, 1), "0 is not a number from 1 to 100000"));
    CHECK(has(desk.made({"--checkpoint", "80", "--from", "0.5"}, 1), "excludes"));
    CHECK(!fs::exists(desk.run / "takes"));
    std::ofstream(desk.run / "takes") << "a file";
    CHECK(has(desk.made({}, 1), (desk.run / "takes").string() + " cannot be made: "));
    fs::remove(desk.run / "takes");

    {  // Its header is valid and its weights are not: only loading it tells, when files are open already.
        std::fstream file(desk.checkpoint(80), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(-2, std::ios::end);
        file.write("\x80\x7f", 2);
    }
    CHECK(has(desk.made({"--checkpoint", "80"}, 1), "no finite number"));
    CHECK(fs::is_empty(desk.run / "takes"));
}

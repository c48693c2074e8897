// The ages of a run: when checkpoints fall, which of them stay, and that every one gets its takes in the end.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train/timeline.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>
#include <mutex>

#include "nodes/samplernn/engine/generator.h"
#include "nodes/samplernn/takes/rendering.h"
#include "nodes/samplernn/takes/take.h"
#include "tests/folder.h"
#include "tests/nodes/samplernn/checkpoint_bytes.h"
#include "tests/nodes/samplernn/network_of.h"

using namespace legume;
using namespace legume::test;
using namespace legume::samplernn;
namespace fs = std::filesystem;

namespace {

struct Desk {
    Desk() {
        settings.run = folder / "run";
        settings.takes = 3;
        settings.take_seconds = 0.1;
    }
    static Checkpoint checkpoint(int step, double bits) {
        Config config = small_config();
        config.dim = 16;
        config.step = step;
        config.held_out_nll = bits;
        return network_of(config, static_cast<std::uint64_t>(step));
    }
    // The run goes on, or begins, with these checkpoints; gives what was told.
    std::string run(const std::vector<int>& steps, int best = 0) const {
        std::string told;
        std::mutex mutex;
        Timeline timeline(settings, 7, [&](const std::string& line) {
            const std::lock_guard lock(mutex);
            told += line + "\n";
        });
        for (const int step : steps) timeline.add(checkpoint(step, step == best ? 1 : 2), {});
        CHECK(timeline.finish({}));
        const std::lock_guard lock(mutex);
        return told;
    }
    fs::path take(int step, std::uint64_t voice) const {
        return take_file({settings.run / "takes", 7, settings.take_seconds}, step, {voice, 1});
    }
    std::vector<std::int64_t> ages() const {
        std::vector<std::int64_t> steps;
        for (const auto& file : find_checkpoints(settings.run)) steps.push_back(read_config(file).step);
        return steps;
    }
    Folder folder;
    TrainSettings settings;
};

}  // namespace

TEST_CASE("checkpoints lie close together at first, half of them in the first eighth, and the last is the end") {
    constexpr int n = usual_checkpoints;
    CHECK(checkpoint_share(n, n) == 1);
    CHECK(checkpoint_share(n / 2, n) == 0.125);
    TrainSettings s;
    s.steps = 100'000;
    int count = 0;
    std::int64_t last = 0;
    for (std::int64_t step = 1; step <= s.steps; ++step)
        if (checkpoint_due(s, step, static_cast<double>(step - 1) / 1e5, static_cast<double>(step) / 1e5)) {
            ++count;
            last = step;
        }
    CHECK(count == checkpoint_count(s, 100'000));
    CHECK(count == n);
    CHECK(last == s.steps);
    CHECK(checkpoint_due(s, 1, 0, 1e-5));
    CHECK(checkpoint_count(s, 4) == 4);  // more often than every update is not to be had
}

TEST_CASE("every: N writes one each N updates, and one at the end") {
    TrainSettings s;
    s.every = 300;
    std::vector<std::int64_t> steps;
    for (std::int64_t step = 1; step <= 1'000; ++step)
        if (checkpoint_due(s, step, static_cast<double>(step - 1) / 1e3, static_cast<double>(step) / 1e3))
            steps.push_back(step);
    CHECK(steps == std::vector<std::int64_t>{300, 600, 900, 1'000});
    CHECK(checkpoint_count(s, 1'000) == 4);
    CHECK(checkpoint_count(s, 900) == 3);
}

TEST_CASE("every checkpoint gets its takes, and they are what its file plays") {
    const Desk desk;
    CHECK(desk.run({1, 5, 20}).find("cannot") == std::string::npos);
    for (const int step : {1, 5, 20}) {
        const auto file = desk.settings.run / "checkpoints" /
                          ("000000" + std::string(step < 10 ? "0" : "") + std::to_string(step) + ".safetensors");
        const auto checkpoint = read_checkpoint(file);
        const auto model = std::make_shared<const Model>(checkpoint, checkpoint.config.precision());
        for (const std::uint64_t voice : {0, 1, 2}) {
            const auto take = read_take(desk.take(step, voice), checkpoint.config, checkpoint_hash(file));
            Generator generator(model, 7, 1, voice);
            REQUIRE(take.levels.size() == static_cast<std::size_t>(checkpoint.config.sample_rate / 10));
            for (const int level : take.levels) REQUIRE(model->levels.amplitude(level) == generator.next(1));
        }
    }
}

TEST_CASE("takes that are missing when a run goes on are made again with the same bytes, and the others not touched") {
    const Desk desk;
    desk.run({1, 5, 20});
    const auto kept = bytes_of(desk.take(5, 1)), lost = bytes_of(desk.take(5, 2));
    const auto time = fs::last_write_time(desk.take(5, 1));
    fs::remove(desk.take(5, 2));
    fs::remove(desk.take(1, 0));
    std::ofstream(desk.settings.run / "takes" / (desk.take(1, 0).stem().string() + ".part.flac")) << "half";
    desk.run({});
    CHECK(bytes_of(desk.take(5, 2)) == lost);
    CHECK(fs::exists(desk.take(1, 0)));
    CHECK(bytes_of(desk.take(5, 1)) == kept);
    CHECK(fs::last_write_time(desk.take(5, 1)) == time);
    CHECK(find_takes(desk.settings.run / "takes").size() == 9);
}

TEST_CASE("a take of a checkpoint that is no more as it was is made anew") {
    const Desk desk;
    desk.run({1});
    const auto before = bytes_of(desk.take(1, 0));
    write_checkpoint(desk.settings.run / "checkpoints/00000001.safetensors", Desk::checkpoint(1, 1.5), Storage::f16);
    desk.run({});
    CHECK(parse_recipe(read_sound_comment(desk.take(1, 0)))->checkpoint ==
          checkpoint_hash(desk.settings.run / "checkpoints/00000001.safetensors"));
    CHECK(bytes_of(desk.take(1, 0)) != before);
}

TEST_CASE("a run that is stopped leaves its takes for later, and only whole ones") {
    Desk desk;
    desk.settings.take_seconds = 100'000;  // nobody waits for these
    {
        Timeline timeline(desk.settings, 7, [](const std::string&) {});
        const auto stopped = [] { return true; };
        for (const int step : {1, 2, 3, 4, 5, 6}) timeline.add(Desk::checkpoint(step, 1), stopped);
        CHECK(!timeline.finish(stopped));
    }
    CHECK(desk.ages().size() == 6);
    CHECK(fs::is_empty(desk.settings.run / "takes"));
    desk.settings.take_seconds = 0.1;
    desk.run({});
    CHECK(find_takes(desk.settings.run / "takes").size() == 18);
}

TEST_CASE("takes that cannot be written are told, and made at the end when that is mended, or when the run goes on") {
    Desk desk;
    desk.settings.keep = 3;
    fs::create_directories(desk.take(2, 1));  // a folder in the way
    const auto told = desk.run({1, 2, 3, 4});
    CHECK_MESSAGE(told.find(desk.take(2, 1).string()) != std::string::npos, told);
    CHECK(told.find("; training goes on, and tries again at its end and when it is started again\n") !=
          std::string::npos);
    CHECK(desk.ages() == std::vector<std::int64_t>{1, 2, 3, 4});  // none goes before its takes are there
    CHECK(fs::exists(desk.take(4, 2)));
    {
        Timeline timeline(desk.settings, 7, [](const std::string&) {});
        CHECK(timeline.finish({}));
        fs::remove(desk.take(2, 1));
        CHECK(timeline.finish({}));
    }
    CHECK(find_takes(desk.settings.run / "takes").size() == 12);
    CHECK(desk.ages().size() == 3);
}

TEST_CASE("keep: N leaves the first, the last, the best and ages spread over the run, however often it was stopped") {
    Desk whole;
    whole.settings.keep = 5;
    std::vector<int> steps;
    for (int k = 1; k <= 12; ++k) steps.push_back(k * k * k);
    whole.run(steps, 27);
    const auto ages = whole.ages();
    REQUIRE(ages.size() == 5);
    CHECK(ages.front() == 1);
    CHECK(ages.back() == 1'728);
    CHECK(std::count(ages.begin(), ages.end(), 27) == 1);
    for (std::size_t i = 1; i < ages.size(); ++i)  // of twelve, no more than half lie between two that are left
        CHECK(std::cbrt(static_cast<double>(ages[i])) - std::cbrt(static_cast<double>(ages[i - 1])) <= 6.01);
    CHECK(find_takes(whole.settings.run / "takes").size() == 36);  // takes stay

    Desk parts;
    parts.settings.keep = 5;
    for (std::size_t from = 0; from < steps.size(); from += 3)
        parts.run(
            {steps.begin() + static_cast<std::ptrdiff_t>(from), steps.begin() + static_cast<std::ptrdiff_t>(from + 3)},
            27);
    CHECK(parts.ages() == ages);
}

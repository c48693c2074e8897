// A training run: it learns, it stops and goes on, it leaves nothing half written.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graph/base/math.h"
#include "nodes/samplernn/checkpoint/prune.h"
#include "nodes/samplernn/engine/generator.h"
#include "nodes/samplernn/takes/rendering.h"
#include "nodes/samplernn/torch/network.h"
#include "nodes/samplernn/torch/trainer.h"
#include "nodes/samplernn/train/likelihood.h"
#include "nodes/samplernn/train/resume.h"
#include "nodes/samplernn/train/timeline.h"
#include "nodes/sound/sound_file.h"
#include "tests/folder.h"
#include "tests/nodes/samplernn/checkpoint_bytes.h"

using namespace legume;
using namespace legume::samplernn;
using legume::test::Folder;

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_in(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

// Networks this small gain nothing from a second thread, and lose much where other programs run.
constexpr int one_thread = 1;

TrainSettings tiny(const fs::path& run) {
    TrainSettings s;
    s.config.dim = 32;
    s.config.embedding = 16;
    s.config.levels = 64;
    s.config.sample_rate = 4'000;
    s.run = run;
    s.window = 128;
    s.batch = 8;
    s.steps = 40;
    s.learning_rate = 5e-3;
    s.every = 10;
    s.takes = 2;
    s.take_seconds = 0.5;
    s.device = "cpu";
    s.seed = 11;
    s.threads = one_thread;
    return s;
}

// Two sines that beat: four seconds of something that can be learned.
std::vector<float> beating(double rate) {
    std::vector<float> sound(static_cast<std::size_t>(4 * rate));
    for (std::size_t i = 0; i < sound.size(); ++i) {
        const double t = static_cast<double>(i) / rate;
        sound[i] = static_cast<float>(0.4 * math::sin_turns(110 * t) + 0.3 * math::sin_turns(113 * t));
    }
    return sound;
}

Corpus corpus_for(const TrainSettings& s) {
    CorpusMaker maker(s.config, s.held_out, [](const std::string&) {});
    maker.add(Heard{s.config.sample_rate, beating(s.config.sample_rate)});
    return maker.finish(s.window);
}

Watching unwatched() {
    return {[](const std::string&) {}, [](const TrainProgress&) {}, [] { return false; }};
}

fs::path take_of(const TrainSettings& s, std::int64_t step, std::uint64_t voice) {
    return take_file({s.run / "takes", *s.seed, s.take_seconds}, step, {voice, 1});
}

std::string error_of(const TrainSettings& s, const Corpus& corpus) {
    try {
        train(s, corpus, unwatched());
    } catch (const TrainError& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("the loss falls on a tiny corpus, on what is held out too, far below blind guessing") {
    const Folder folder;
    auto s = tiny(folder.path);
    s.steps = 300;
    const Corpus corpus = corpus_for(s);
    double first = 0;
    TrainProgress last;
    auto watching = unwatched();
    watching.progress = [&](const TrainProgress& p) {
        if (p.step == 1) first = p.train_bits;
        last = p;
    };
    CHECK(train(s, corpus, watching) == Outcome::finished);
    CHECK(first == doctest::Approx(6).epsilon(0.02));  // log2 of 64 levels
    CHECK(last.step == 300);
    CHECK(last.share == 1);
    CHECK(last.train_bits < corpus.entropy_bits - 2);
    REQUIRE(last.held_out_bits);
    CHECK(*last.held_out_bits < corpus.entropy_bits - 2);
}

TEST_CASE(
    "a run that prunes writes pruned checkpoints only, the first included, and stopped it ends with the same bytes") {
    const Folder whole, stopped;
    auto s = tiny(whole.path);
    s.prune = 0.75;
    s.steps = 120;  // the blocks are chosen anew in it
    s.every = 30;
    const Corpus corpus = corpus_for(s);
    CHECK(train(s, corpus, unwatched()) == Outcome::finished);
    const auto checkpoints = files_in(whole.path / "checkpoints");
    REQUIRE(checkpoints.size() == 4);
    for (const auto& file : checkpoints) {
        const auto checkpoint = read_checkpoint(file);
        for (const auto& name : prunable_tensors(checkpoint.config)) {
            CAPTURE(name);
            CHECK(checkpoint.tensors.at(name).pruned);
            const auto blocks = count_blocks(checkpoint.tensors.at(name));
            CHECK(static_cast<double>(blocks.zero) ==
                  doctest::Approx(0.75 * static_cast<double>(blocks.all)).epsilon(0.07));
        }
    }
    s.run = stopped.path;
    for (const std::int64_t at : {30, 70}) {
        auto watching = unwatched();
        std::int64_t step = 0;
        watching.progress = [&](const TrainProgress& p) { step = p.step; };
        watching.stop = [&] { return step >= at; };
        CHECK(train(s, corpus, watching) == Outcome::stopped);
    }
    CHECK(train(s, corpus, unwatched()) == Outcome::finished);
    for (const auto& file : checkpoints)
        CHECK(bytes_of(file) == bytes_of(stopped.path / "checkpoints" / file.filename()));
}

TEST_CASE("a run writes checkpoints, each with its takes, and a log") {
    const Folder folder;
    const auto s = tiny(folder.path);
    const Corpus corpus = corpus_for(s);
    CHECK(train(s, corpus, unwatched()) == Outcome::finished);
    const auto checkpoints = files_in(folder.path / "checkpoints");
    const auto takes = files_in(folder.path / "takes");
    std::vector<std::string> names;
    for (const auto& file : checkpoints) names.push_back(file.filename());
    CHECK(names == std::vector<std::string>{"00000010.safetensors", "00000020.safetensors", "00000030.safetensors",
                                            "00000040.safetensors"});
    REQUIRE(takes.size() == 8);
    for (const auto& file : checkpoints) {
        const Checkpoint checkpoint = read_checkpoint(file);
        CHECK(checkpoint.config.step == std::stoll(file.stem().string()));
        CHECK(checkpoint.config.age == doctest::Approx(static_cast<double>(checkpoint.config.step) / 40));
        CHECK(checkpoint.config.corpus_hash == corpus.hash);
        CHECK(checkpoint.config.held_out_nll);
        for (const std::uint64_t voice : {0, 1}) {
            const Sound take = read_sound(take_of(s, checkpoint.config.step, voice));
            CHECK(take.frames() == 2'000);
            CHECK(take.rate == 4'000);
        }
    }
    CHECK(find_checkpoint(folder.path) == checkpoints.back());
    const std::string log = bytes_of(folder.path / "log.csv");
    CHECK(log.starts_with("step,share,train_bits,held_out_bits,learning_rate,samples_per_second,memory_gb\n10,"));
    CHECK(std::count(log.begin(), log.end(), '\n') == 6);  // the header, four checkpoints, step 25
}

TEST_CASE("a checkpoint says what int8 costs it as it lies in its file, and its take is what it will play") {
    for (const auto storage : {Storage::f32, Storage::f16, Storage::int8}) {
        CAPTURE(static_cast<int>(storage));
        const Folder folder;
        auto s = tiny(folder.path);
        s.steps = 60;
        s.storage = storage;
        const Corpus corpus = corpus_for(s);
        CHECK(train(s, corpus, unwatched()) == Outcome::finished);
        for (const auto& file : files_in(folder.path / "checkpoints")) {
            const Checkpoint checkpoint = read_checkpoint(file);
            REQUIRE(checkpoint.config.int8_cost);
            const auto bits = [&](Precision precision) {
                return held_out_nll(std::make_shared<const Model>(checkpoint, precision), corpus, 16'000).bits;
            };
            CHECK(*checkpoint.config.int8_cost == bits(Precision::int8) - bits(Precision::fp32));
            CHECK(*checkpoint.config.int8_cost != 0);
            const auto seed = *s.seed;
            Generator generator(std::make_shared<const Model>(checkpoint, checkpoint.config.precision()), seed);
            const Sound take = read_sound(take_of(s, checkpoint.config.step, 0));
            double worst = 0;
            for (const float sample : take.samples)
                worst = std::max(worst, std::abs(static_cast<double>(sample) - generator.next(1)));
            CHECK(worst < 2.0 / 32'768);  // of the file's 16 bits; a level is ten times as wide at the least
        }
    }
}

TEST_CASE("without sound to measure with, a checkpoint says nothing about what int8 costs it") {
    const Folder folder;
    auto s = tiny(folder.path);
    s.steps = 2;
    s.held_out = 0;
    CHECK(train(s, corpus_for(s), unwatched()) == Outcome::finished);
    for (const auto& file : files_in(folder.path / "checkpoints")) {
        CHECK(!read_config(file).int8_cost);
        CHECK(!read_config(file).held_out_nll);
    }
}

// Stopped three times, beside one that never was.
static void compare_stopped(void (*change)(TrainSettings&)) {
    const Folder whole, parts;
    auto s = tiny(whole.path), p = tiny(parts.path);
    change(s);
    change(p);
    s.threads = p.threads = 2;
    const Corpus corpus = corpus_for(s);
    CHECK(train(s, corpus, unwatched()) == Outcome::finished);
    for (const std::int64_t until : {3, 16, 23}) {
        std::int64_t step = 0;
        auto watching = unwatched();
        watching.progress = [&](const TrainProgress& progress) { step = progress.step; };
        watching.stop = [&] { return step >= until; };
        p.seed = s.seed;
        CHECK(train(p, corpus, watching) == Outcome::stopped);
        CHECK(step == until);
        p.seed.reset();  // going on, the run knows its own, and its threads
        p.threads = 0;
    }
    CHECK(train(p, corpus, unwatched()) == Outcome::finished);
    const auto expected = files_in(whole.path / "checkpoints");
    REQUIRE(files_in(parts.path / "checkpoints").size() == expected.size());
    for (const auto& file : expected) {
        CHECK(bytes_of(file) == bytes_of(parts.path / "checkpoints" / file.filename()));
    }
    REQUIRE(files_in(whole.path / "takes").size() == 8);
    for (const auto& take : files_in(whole.path / "takes"))
        CHECK(bytes_of(take) == bytes_of(parts.path / "takes" / take.filename()));
    const std::string log = bytes_of(parts.path / "log.csv");
    CHECK(std::count(log.begin(), log.end(), '\n') == 6);
}

TEST_CASE("a run that was stopped goes on as if it had not been: the same bytes") {
    compare_stopped([](TrainSettings&) {});
}

TEST_CASE("so does one of minGRU cells with weight norm and dropout") {
    compare_stopped([](TrainSettings& s) {
        for (auto& tier : s.config.tiers) tier.cell = Cell::min_gru;
        s.learning = {true, 0.2};
    });
}

TEST_CASE("a run does not go on with weight norm that began without") {
    const Folder folder;
    auto s = tiny(folder.path);
    s.steps = 2;
    const Corpus corpus = corpus_for(s);
    train(s, corpus, unwatched());
    s.learning.weight_norm = true;
    s.steps = 4;
    CHECK(error_of(s, corpus).find("weight_norm is true here and false in the run; set it back") != std::string::npos);
}

TEST_CASE("another seed is another network") {
    const Folder one, two;
    auto a = tiny(one.path), b = tiny(two.path);
    a.steps = b.steps = 3;
    b.seed = 12;
    const Corpus corpus = corpus_for(a);
    train(a, corpus, unwatched());
    train(b, corpus, unwatched());
    CHECK(bytes_of(find_checkpoint(one.path)) != bytes_of(find_checkpoint(two.path)));
}

TEST_CASE("a finished run says so, and more steps train it on") {
    const Folder folder;
    auto s = tiny(folder.path);
    s.steps = 10;
    const Corpus corpus = corpus_for(s);
    CHECK(train(s, corpus, unwatched()) == Outcome::finished);
    CHECK(train(s, corpus, unwatched()) == Outcome::was_finished);
    s.steps = 20;
    std::int64_t first = 0, last = 0;
    auto watching = unwatched();
    watching.progress = [&](const TrainProgress& p) {
        if (!first) first = p.step;
        last = p.step;
    };
    CHECK(train(s, corpus, watching) == Outcome::finished);
    CHECK(first == 11);
    CHECK(last == 20);
    CHECK(read_config(find_checkpoint(folder.path)).step == 20);
}

// A checkpoint at every step, and more steps than anybody waits for.
static TrainSettings endless(const fs::path& run) {
    auto s = tiny(run);
    s.steps = 1'000'000;
    s.every = 1;
    return s;
}

TEST_CASE("a run killed in the middle of its work leaves only whole checkpoints, and goes on") {
    const Folder folder;
    // A program of its own, since LibTorch's threads do not survive a fork: this test program, told to run one case.
    const auto child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        setenv("LEGUME_TEST_KILLED_RUN", folder.path.c_str(), 1);
        execl("/proc/self/exe", "legume_train_tests", "--test-case=the run that is killed", "--no-skip", nullptr);
        _exit(127);
    }
    // Killed wherever it is then: writing a checkpoint, a take, the resume file, or learning.
    const auto enough = [&] {
        std::error_code failed;
        const auto checkpoints = folder.path / "checkpoints";
        return fs::exists(checkpoints, failed) && files_in(checkpoints).size() >= 6;
    };
    int status = 0;
    bool ended = false;
    while (!enough() && !ended) {
        ended = waitpid(child, &status, WNOHANG) != 0;
        usleep(1'000);
    }
    REQUIRE(!ended);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    int whole = 0;
    for (const auto& file : files_in(folder.path / "checkpoints"))
        if (file.extension() == ".safetensors") {
            CHECK_NOTHROW(read_checkpoint(file));
            ++whole;
        }
    CHECK(whole >= 5);
    const auto resume = read_resume(folder.path / "resume.legume");
    REQUIRE(resume);
    CHECK(resume->step >= whole - 1);

    const auto s = endless(folder.path);
    std::int64_t first = 0, last = 0;
    auto watching = unwatched();
    watching.progress = [&](const TrainProgress& p) {
        if (!first) first = p.step;
        last = p.step;
    };
    watching.stop = [&] { return last >= resume->step + 3; };
    CHECK(train(s, corpus_for(s), watching) == Outcome::stopped);
    CHECK(first == resume->step + 1);
    CHECK(read_config(find_checkpoint(folder.path)).step == last);

    // The takes that the kill, and then the stop, left out are made once there is nothing more to learn.
    auto over = s;
    over.steps = last;
    CHECK(train(over, corpus_for(over), unwatched()) == Outcome::was_finished);
    for (std::int64_t step = 1; step <= last; ++step)
        for (const std::uint64_t voice : {0, 1}) CHECK(read_sound(take_of(s, step, voice)).frames() == 2'000);
}

TEST_CASE("the run that is killed" * doctest::skip()) {
    const char* folder = std::getenv("LEGUME_TEST_KILLED_RUN");
    REQUIRE(folder);
    const auto s = endless(folder);
    train(s, corpus_for(s), unwatched());
}

TEST_CASE("a rest of half a file, as a kill leaves it, is no checkpoint and does no harm") {
    const Folder folder;
    auto s = tiny(folder.path);
    s.steps = 4;
    const Corpus corpus = corpus_for(s);
    train(s, corpus, unwatched());
    const auto last = find_checkpoint(folder.path);
    std::ofstream(folder.path / "checkpoints" / "00000005.safetensors.part") << "half";
    std::ofstream(folder.path / "resume.legume.part") << "half";
    CHECK(find_checkpoint(folder.path) == last);
    s.steps = 6;
    CHECK(train(s, corpus, unwatched()) == Outcome::finished);
    CHECK(read_config(find_checkpoint(folder.path)).step == 6);
}

TEST_CASE("weights that grow out of bounds end the run with advice, and are never written") {
    const Folder folder;
    auto s = tiny(folder.path);
    s.learning_rate = 1e38;
    const Corpus corpus = corpus_for(s);
    const std::string error = error_of(s, corpus);
    CHECK(error.find("step ") != std::string::npos);
    CHECK(error.find("learning_rate") != std::string::npos);
    for (const auto& file : files_in(folder.path / "checkpoints")) CHECK_NOTHROW(read_checkpoint(file));
}

TEST_CASE("a run does not go on with a setting that does not fit it, and names the setting") {
    const Folder folder;
    auto s = tiny(folder.path);
    s.steps = 2;
    const Corpus corpus = corpus_for(s);
    train(s, corpus, unwatched());
    const std::string run = folder.path.string() + ": ", way_out = "; set it back, ";
    const auto refused = [&](const std::function<void(TrainSettings&)>& change, const std::string& line) {
        auto changed = s;
        change(changed);
        CHECK(error_of(changed, corpus).starts_with(run + line));
    };
    refused([](auto& t) { t.config.dim = 40; }, "dim is 40 here and 32 in the run" + way_out);
    refused([](auto& t) { t.config.tiers[1].frame = 32; }, "frames is [4, 32] here and [4, 16] in the run" + way_out);
    refused([](auto& t) { t.batch = 4; }, "batch is 4 here and 8 in the run" + way_out);
    refused([](auto& t) { t.learning_rate = 1e-3; },
            "learning_rate is 0.001 here and 0.005 in the run; set it back, say --accept-changes to go on with it, ");
    refused([](auto& t) { t.window = 64; }, "window is 64 here and 128 in the run" + way_out);
    refused([](auto& t) { t.overlap = 0.5; }, "overlap is 0.5 here and none in the run" + way_out);
    refused([](auto& t) { t.trim_db = -50; }, "trim is -50 here and none in the run; say --accept-corpus ");
    refused([](auto& t) { t.seed = 12; }, "holds a run of seed 11");
    Corpus other = corpus;
    other.hash = "0";
    CHECK(error_of(s, other).starts_with(run + "holds a run of other sound; say --accept-corpus "));
    s.steps = 3;
    CHECK(train(s, corpus, unwatched()) == Outcome::finished);
}

TEST_CASE("what may change from one start to the next is said, and the run goes on") {
    const Folder folder;
    auto s = tiny(folder.path);
    s.steps = 2;
    const Corpus corpus = corpus_for(s);
    std::string said;
    auto watching = unwatched();
    watching.tell = [&](const std::string& line) { said += line + "\n"; };
    train(s, corpus, watching);
    CHECK(said.find(" in the run") == said.npos);
    s.steps = 4;
    s.threads = 2;
    s.memory = 5e9;
    s.accept_changes = true;
    s.learning_rate = 1e-3;
    CHECK(train(s, corpus, watching) == Outcome::finished);
    for (const char* line :
         {"steps is 4 here and 2 in the run; it goes on", "threads is 2 here and 1 in the run; ",
          "memory is 5 GB here and 6 GB in the run; ", "learning_rate is 0.001 here and 0.005 in the run; "})
        CHECK_MESSAGE(said.find(line) != said.npos, said);
    said.clear();  // now they are the run's own
    s.steps = 5;
    s.threads = 0;
    s.accept_changes = false;
    CHECK(train(s, corpus, watching) == Outcome::finished);
    CHECK(said.find("steps is 5 here and 4 in the run") != said.npos);
    CHECK(said.find("learning_rate") == said.npos);
    CHECK(said.find("threads") == said.npos);
    CHECK(said.find("memory") == said.npos);
}

TEST_CASE("a run that has not taken a step begins anew with whatever it is given") {
    const Folder folder;
    auto s = tiny(folder.path);
    const Corpus corpus = corpus_for(s);
    auto watching = unwatched();
    watching.stop = [] { return true; };
    CHECK(train(s, corpus, watching) == Outcome::stopped);
    s.config.dim = 40;
    s.steps = 2;
    s.seed.reset();  // the seed of the run that did not begin is kept
    CHECK(train(s, corpus, unwatched()) == Outcome::finished);
    CHECK(read_resume(folder.path / "resume.legume")->seed == 11);
}

// A quiet tone that is soon known by heart, and now and then a burst of noise.
static Corpus bursts_for(const TrainSettings& s) {
    CorpusMaker maker(s.config, s.held_out, [](const std::string&) {});
    const auto rate = static_cast<std::size_t>(s.config.sample_rate);
    std::vector<float> sound(60 * rate);
    for (std::size_t i = 0; i < sound.size(); ++i) {
        const auto chance = static_cast<std::uint32_t>(i * 2654435761u);
        sound[i] = i / rate % 15 == 14 ? static_cast<float>((chance ^ chance >> 15) * 2246822519u >> 8) / (1 << 23) - 1
                                       : 0.01f * static_cast<float>(i % 2);
    }
    maker.add(Heard{s.config.sample_rate, std::move(sound)});
    return maker.finish(s.window);
}

TEST_CASE("a spike of the loss is not learned, is told and noted, and a resume knows what is usual") {
    const Folder whole, parts;
    auto s = tiny(whole.path);
    s.batch = 1;
    s.steps = 600;
    const Corpus corpus = bursts_for(s);
    std::string said;
    auto watching = unwatched();
    watching.tell = [&](const std::string& line) { said += line + "\n"; };
    CHECK(train(s, corpus, watching) == Outcome::finished);
    CHECK_MESSAGE(said.find(" is usual; nothing is learned from this step") != said.npos, said);
    const auto events = bytes_of(whole.path / "events.csv");
    CHECK(events.starts_with("step,event,value,usual\n"));
    REQUIRE(std::count(events.begin(), events.end(), '\n') > 1);
    auto p = s;
    p.run = parts.path;
    const auto first = std::stoll(events.substr(events.find('\n') + 1));
    std::int64_t step = 0;
    watching.progress = [&](const TrainProgress& progress) { step = progress.step; };
    for (const auto until : {first - 1, first + 1}) {
        watching.stop = [&] { return step >= until; };
        CHECK(train(p, corpus, watching) == Outcome::stopped);
    }
    watching.stop = {};
    CHECK(train(p, corpus, watching) == Outcome::finished);
    CHECK(bytes_of(parts.path / "events.csv") == events);
    CHECK(bytes_of(find_checkpoint(parts.path)) == bytes_of(find_checkpoint(whole.path)));
}

TEST_CASE("the best checkpoint of a run is known by what it says of itself, wherever the run's folder lies") {
    const Folder folder;
    auto s = tiny(folder.path / "run");
    s.steps = 30;
    train(s, corpus_for(s), unwatched());
    fs::rename(folder.path / "run", folder.path / "moved");
    double least = 1e9;
    fs::path best;
    for (const auto& file : files_in(folder.path / "moved/checkpoints"))
        if (const double bits = read_config(file).held_out_nll.value_or(1e9); bits < least) {
            least = bits;
            best = file;
        }
    CHECK(find_best(folder.path / "moved") == best);
    CHECK(find_checkpoint(folder.path / "moved/best") == best);
    s = tiny(folder.path / "unmeasured");
    s.steps = 2;
    s.held_out = 0;
    train(s, corpus_for(s), unwatched());
    CHECK_THROWS_WITH(find_best(s.run), (s.run.string() + ": no checkpoint was measured on held-out sound; name one of "
                                                          "them")
                                            .c_str());
}

TEST_CASE("a damaged resume file is an error that names it") {
    const Folder folder;
    auto s = tiny(folder.path);
    s.steps = 2;
    const Corpus corpus = corpus_for(s);
    train(s, corpus, unwatched());
    const auto file = folder.path / "resume.legume";
    const std::string whole = bytes_of(file);
    for (const std::size_t keep :
         {std::size_t{0}, std::size_t{10}, std::size_t{40}, whole.size() / 2, whole.size() - 1}) {
        std::ofstream(file, std::ios::binary | std::ios::trunc) << whole.substr(0, keep);
        CHECK(error_of(s, corpus).find("resume.legume") != std::string::npos);
    }
    std::string flipped = whole;
    flipped[whole.size() / 2] ^= 1;
    std::ofstream(file, std::ios::binary | std::ios::trunc) << flipped;
    CHECK(error_of(s, corpus).find("is damaged") != std::string::npos);
}

TEST_CASE("a run folder that cannot be made is an error that names it") {
    const Folder folder;
    std::ofstream(folder.path / "file") << "in the way";
    auto s = tiny(folder.path / "file" / "run");
    CHECK(error_of(s, corpus_for(s)).find("file/run") != std::string::npos);
}

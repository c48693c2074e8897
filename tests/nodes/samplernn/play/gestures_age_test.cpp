// Scrubs through small training runs, live and offline, with disks of any speed and files of any kind.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <functional>
#include <thread>

#include "graph/abilities.h"
#include "tests/harness.h"
#include "tests/nodes/samplernn/waves.h"

using namespace legume;
using namespace legume::test;
using namespace legume::samplernn;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;
constexpr double rate = 8'000;

// A training run on the disk: checkpoints after so many steps of 800.
struct TrainingRun {
    TrainingRun() = default;
    explicit TrainingRun(const std::vector<int>& steps) {
        for (const int step : steps) add(step, network_of(config_at(rate), static_cast<std::uint64_t>(step)));
    }
    std::filesystem::path file(int step) const {
        return folder / ("checkpoints/" + std::to_string(10'000 + step) + ".safetensors");
    }
    void add(int step, Checkpoint checkpoint) const {
        std::filesystem::create_directories(folder / "checkpoints");
        checkpoint.config.step = step;
        checkpoint.config.age = std::min(step / 800.0, 1.0);
        write_checkpoint(file(step), checkpoint, Storage::f32);
    }
    void spoil(int step) const { std::ofstream(file(step), std::ios::trunc) << "spoilt"; }
    Patch patch(Settings settings) const {
        if (settings.empty() || settings[0].first != "model")
            settings.insert(settings.begin(), {"model", folder.path.string()});
        return make_patch({{"net", "samplernn", settings}, {"tap", "tap", {}}}, {"net -> tap"});
    }
    Rig rig(const Settings& settings = {}) const { return {patch(settings), {.rate = rate, .outputs = 1}}; }
    Samples of(int step, std::size_t frames) const {
        Rig rig({{"net", "samplernn", {{"model", file(step).string()}}}, {"tap", "tap", {}}}, {"net -> tap"},
                {.rate = rate, .outputs = 1});
        return rig.run(frames)[0];
    }
    Folder folder;
};

// Sines of 200 to 400 Hz, the older the higher.
TrainingRun sines() {
    TrainingRun run;
    for (const int step : {100, 200, 400, 800}) {
        Checkpoint checkpoint = sine_network();
        const double hertz = 200 + step / 4.0, c = 2 * std::cos(2 * 3.14159265358979 * hertz / rate);
        checkpoint.tensors["sample.conv"].values = {0, 0, -1, static_cast<float>(c)};
        checkpoint.tensors["sample.conv_bias"].values = {static_cast<float>((2 - c) * 50)};
        run.add(step, checkpoint);
    }
    return run;
}

// The same node as it plays live, on a disk that reads one checkpoint whenever the test says so.
class Stage {
  public:
    using Answers = std::map<std::string, std::vector<TimingDecision::Answer>>;
    // With answers it is their replay, offline.
    Stage(const TrainingRun& run, const Settings& settings, const std::optional<Answers>& replayed = {}) {
        auto checked = check(run.patch(settings), test_types());
        for (auto* decision : checked.nodes[0]->decisions())
            if (replayed)
                decision->replay(replayed->count(decision->name) ? replayed->at(decision->name) : Answers{}[""]);
        auto compiled =
            compile(std::move(checked), {rate,
                                         1,
                                         store_,
                                         [this](const std::string&, const std::string& line) { told.push_back(line); },
                                         !replayed,
                                         {}});
        REQUIRE(compiled.schedule);
        schedule_ = std::move(compiled.schedule);
        out_.channels = max_channels;
        for (std::size_t c = 0; c < max_channels; ++c) out_.data[c] = block_[c];
    }
    ~Stage() { schedule_.reset(); }
    Samples run(int blocks, const std::function<bool(int)>& reads, const std::function<void(int)>& moves = {}) {
        Samples all;
        for (int n = 0; n < blocks; ++n) {
            if (moves) moves(n);
            control_.apply(frame_);
            schedule_->process(frame_, {}, Signal{}, out_);
            frame_ += block_frames;
            all.insert(all.end(), block_[0], block_[0] + block_frames);
            while (work(Work::Pool::generate)) {
            }
            if (reads(n)) work(Work::Pool::io);
            for (auto* decision : node().decisions())
                for (TimingDecision::Answer answer; decision->recorded(answer);)
                    answers[decision->name].push_back(answer);
        }
        return all;
    }
    // Offline, where whatever is wanted is waited for.
    Samples replay(int blocks, const std::function<void(int)>& moves = {}) {
        Samples all;
        for (int n = 0; n < blocks; ++n) {
            const auto block = run(
                1, [](int) { return false; }, [&](int) { moves ? moves(n) : void(); });
            all.insert(all.end(), block.begin(), block.end());
            for (bool worked = true; worked;) {
                worked = work(Work::Pool::io);
                worked = work(Work::Pool::generate) || worked;
            }
        }
        return all;
    }
    bool work(Work::Pool pool) {
        bool worked = false;
        for (auto* job : schedule_->works())
            if (job->pool == pool) worked = job->run() || worked;
        return worked;
    }
    Node& node() { return *schedule_->find("net"); }
    void age(float value) {
        control_.post(*static_cast<Param*>(node().find("age")), "net/age", value, std::to_string(++posts_));
    }
    float meter(const char* name) { return static_cast<Meter*>(node().find(name))->value(); }

    std::vector<std::string> told;
    Answers answers;

  private:
    Store store_;
    ControlQueue control_;
    std::unique_ptr<Schedule> schedule_;
    float block_[max_channels][block_frames] = {};
    Signal out_;
    std::uint64_t frame_ = 0, posts_ = 0;
};

bool has(const std::vector<std::string>& lines, const std::string& part) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

// No gap: every 50 ms sounds. No click: no step is larger than those of the sines themselves.
void analyse(const Samples& heard) {
    CHECK(finite({heard}));
    CHECK(largest_step(heard) < 0.5);  // 400 Hz at full scale: 2 pi 400 / 8000 = 0.31
    for (std::size_t at = 0; at + 400 <= heard.size(); at += 400) CHECK(rms(part(heard, at, 400)) > 0.1);
}

// In Hz. These sines stand above silence, and swing in whole levels: a few percent off.
double note(Samples x) {
    double mean = 0;
    for (const float s : x) mean += double{s} / static_cast<double>(x.size());
    for (float& s : x) s -= static_cast<float>(mean);
    return loudest_hertz(x, rate);
}

}  // namespace

TEST_CASE("age at a checkpoint plays that checkpoint, byte for byte, and untouched it is the newest") {
    const TrainingRun run({100, 200, 400, 800});
    for (const int step : {100, 200, 400, 800}) {
        CAPTURE(step);
        auto rig = run.rig({{"age", std::to_string(step / 800.0)}});
        CHECK(rig.meter("net", "age_heard").value() == static_cast<float>(step / 800.0));
        CHECK(rig.run(4'000)[0] == run.of(step, 4'000));
        CHECK(rig.meter("net", "age_heard").value() == static_cast<float>(step / 800.0));
    }
    CHECK(run.rig().run(4'000)[0] == run.of(800, 4'000));
    CHECK(run.rig({{"age", "0"}}).run(4'000)[0] == run.of(100, 4'000));
    const auto between = run.rig({{"age", "0.4"}}).run(4'000)[0];
    CHECK(between != run.of(200, 4'000));
    CHECK(between != run.of(400, 4'000));
}

TEST_CASE("between two ages that each sing a note, the note between is sung") {
    const auto run = sines();
    for (const float age : {0.125f, 0.1875f, 0.25f, 0.375f, 0.75f, 1.0f}) {
        CAPTURE(age);
        auto rig = run.rig({{"age", std::to_string(age)}, {"temperature", "0"}});
        const auto heard = rig.run(12'000)[0];
        analyse(part(heard, 0, 12'000));
        CHECK(note(part(heard, 3'616, 8'192)) == doctest::Approx(200 + 200.0 * double{age}).epsilon(0.08));
    }
}

TEST_CASE("a sweep of age from 1 to 0 and back never gaps, never clicks, and arrives") {
    const auto run = sines();
    for (const int blocks : {20, 200}) {  // in 0.2 s and 2 s
        auto rig = run.rig({{"temperature", "0"}});
        Samples all;
        const auto play = [&](float age) {
            rig.set("net", "age", age);
            const auto heard = rig.run(block_frames)[0];
            all.insert(all.end(), heard.begin(), heard.end());
        };
        for (int n = 0; n <= blocks; ++n) play(1 - static_cast<float>(n) / static_cast<float>(blocks));
        for (int n = 0; n < 100; ++n) play(0);
        CHECK(rig.meter("net", "age_heard").value() == 0.125f);
        CHECK(note(part(all, all.size() - 4'096, 4'096)) == doctest::Approx(225).epsilon(0.06));
        for (int n = 0; n <= blocks; ++n) play(static_cast<float>(n) / static_cast<float>(blocks));
        for (int n = 0; n < 100; ++n) play(1);
        CHECK(rig.meter("net", "age_heard").value() == 1.0f);
        CHECK(note(part(all, all.size() - 4'096, 4'096)) == doctest::Approx(400).epsilon(0.06));
        CHECK(rig.meter("net", "covering").value() == 0.0f);
        analyse(all);
    }
}

TEST_CASE("a run that is scrubbed gives the same bytes twice, for every voice, on one core and on two") {
    const TrainingRun run({100, 200, 300, 400, 500, 600, 700, 800});
    const auto played = [&](const char* cores, int lag) {
        Rig rig(run.patch({{"voices", "3"}, {"cores", cores}, {"ahead", "100 ms"}}), {.rate = rate, .outputs = 3});
        rig.lag = lag;
        rig.trap = true;
        Channels all(3);
        for (const float age : {1.0f, 0.3f, 0.31f, 0.9f, 0.0f, 0.55f, 1.0f}) {
            rig.set("net", "age", age);
            const auto heard = rig.run(1'920);
            for (std::size_t v = 0; v < 3; ++v) all[v].insert(all[v].end(), heard[v].begin(), heard[v].end());
        }
        CHECK(rig.sprung == 0);
        return all;
    };
    const auto once = played("1", 1);
    CHECK(played("1", 1) == once);
    CHECK(played("2", 1) == once);
    CHECK(played("1", 5) == once);  // workers that come only now and then, within `ahead`
    CHECK(once[0] != once[1]);
}

TEST_CASE("live, a slow disk keeps nobody waiting: what is there plays on, and the age arrives with its checkpoint") {
    const auto run = sines();
    Stage stage(run, {{"temperature", "0"}});
    const auto never = [](int) { return false; };
    Samples all = stage.run(100, never, [&](int n) {
        if (n == 10) stage.age(0);
    });
    CHECK(stage.meter("age_heard") == 1.0f);
    const auto add = [&](const Samples& more) { all.insert(all.end(), more.begin(), more.end()); };
    add(stage.run(400, [](int n) { return n % 50 == 49; }));
    CHECK(stage.meter("age_heard") == 0.125f);
    add(stage.run(
        600, [](int n) { return n % 97 == 0; }, [&](int n) { stage.age(static_cast<float>(n % 200) / 200.0f); }));
    analyse(all);
    CHECK(stage.meter("covering") == 0.0f);
}

TEST_CASE("what a slow disk decided live is the same again in a replay offline") {
    const TrainingRun run({100, 200, 400, 800});
    const auto moves = [](Stage& stage) {
        return [&stage](int n) {
            if (n % 40 == 5) stage.age(static_cast<float>((n / 40) * 7 % 10) / 10.0f);
        };
    };
    Stage live(run, {});
    const auto shown = live.run(
        500, [](int n) { return n % 31 == 30; }, moves(live));
    REQUIRE(!live.answers["missing"].empty());
    Stage replay(run, {}, live.answers);
    CHECK(replay.replay(500, moves(replay)) == shown);
}

TEST_CASE("a replay begins with the run as it was, whatever it has learned since") {
    for (const char* age : {"1", "0.4"}) {
        const TrainingRun run({100, 200, 400});
        const auto moves = [](Stage& stage) {
            return [&stage](int n) {
                if (n % 100 == 50) stage.age(static_cast<float>((n / 100) * 7 % 10) / 10.0f);
            };
        };
        const auto always = [](int) { return true; };
        Stage live(run, {{"age", age}});
        const auto shown = live.run(500, always, moves(live));
        run.add(600, network_of(config_at(rate), 600));
        run.add(800, network_of(config_at(rate), 800));
        Stage replay(run, {{"age", age}}, live.answers), fresh(run, {{"age", age}});
        CHECK(replay.replay(500, moves(replay)) == shown);
        CHECK(fresh.run(500, always, moves(fresh)) != shown);
    }
    // The best of a run is another one once it has learned more.
    TrainingRun run;
    const auto measured = [&](int step, double bits) {
        auto checkpoint = network_of(config_at(rate), static_cast<std::uint64_t>(step));
        checkpoint.config.held_out_nll = bits;
        run.add(step, checkpoint);
    };
    measured(100, 3.0);
    measured(200, 3.5);
    const Settings best{{"model", (run.folder / "checkpoints/best").string()}};
    const auto rig = [&](const std::optional<Stage::Answers>& answers) { return Stage(run, best, answers); };
    Stage live = rig({});
    const auto shown = live.run(200, [](int) { return true; });
    measured(400, 2.5);
    Stage replay = rig(live.answers);
    CHECK(replay.replay(200) == shown);
    CHECK(rig({}).run(200, [](int) { return true; }) != shown);
}

TEST_CASE("after reset a scrubbed run sounds as when it was fresh") {
    const TrainingRun run({100, 200, 400, 800});
    for (const char* age : {"1", "0.4", "0.25"}) {
        auto rig = run.rig({{"age", age}});
        const auto fresh = rig.run(3'200)[0];
        rig.set("net", "age", 0);
        rig.run(3'200);
        rig.set("net", "age", std::stof(age));
        rig.run(640);
        rig.node("net").reset();
        CHECK(rig.run(3'200)[0] == fresh);
    }
}

TEST_CASE("more checkpoints than are kept in memory are scrubbed through all the same") {
    std::vector<int> steps;
    for (int step = 20; step <= 800; step += 20) steps.push_back(step);
    const TrainingRun run(steps);
    auto rig = run.rig();
    for (const int step : {20, 800, 400, 20}) {
        for (int n = 0; n < 80; ++n) {
            rig.set("net", "age", static_cast<float>(step / 800.0) + static_cast<float>(80 - n) * 0.005f);
            CHECK(finite(rig.run(64)));
        }
        rig.set("net", "age", static_cast<float>(step / 800.0));
        rig.run(1'280);
        CHECK(rig.meter("net", "age_heard").value() == static_cast<float>(step / 800.0));
    }
    CHECK(rig.told.empty());
}

TEST_CASE("a run of one checkpoint plays it, and says that age does nothing") {
    const TrainingRun run({800});
    auto rig = run.rig({{"age", "0.5"}});
    CHECK(rig.run(4'000)[0] == run.of(800, 4'000));
    CHECK(rig.told.size() == 1);
    CHECK(has(rig.told, "is one checkpoint: age does nothing"));
    rig.set("net", "age", 0.1f);
    rig.run(4'000);
    CHECK(rig.told.size() == 1);
}

TEST_CASE("follow says when there is no run to follow") {
    const TrainingRun run({100, 800});
    const auto problems = problems_of({{"net", "samplernn", {{"model", run.file(800).string()}, {"follow", "true"}}}});
    REQUIRE(problems.size() == 1);
    CHECK(has(problems, "follow watches a training run, and "));
    CHECK(has(problems, "10800.safetensors is one checkpoint; name the run's folder as model"));
}

TEST_CASE("checkpoints of another shape, and spoilt ones, are named and left out") {
    const TrainingRun run({100, 400, 800});
    Config wide = config_at(rate);
    wide.dim = 20;
    run.add(200, network_of(wide));
    run.spoil(400);
    auto rig = run.rig({{"age", "0.25"}});
    CHECK(rig.told.size() == 2);
    CHECK(has(rig.told, "10200.safetensors: its dim is 20, and 16 in the newest; age leaves it out"));
    CHECK(has(rig.told, "10400.safetensors: "));
    CHECK(rms(rig.run(4'000)[0]) > 0.05);
    CHECK(rig.meter("net", "age_heard").value() == doctest::Approx(0.25));
}

TEST_CASE("a checkpoint that vanishes or is spoilt while it plays is said once, and the others play on") {
    for (const bool vanishes : {true, false}) {
        const auto run = sines();
        auto rig = run.rig({{"temperature", "0"}});
        rig.run(640);
        if (vanishes)
            std::filesystem::remove(run.file(200));
        else
            run.spoil(200);
        Samples all;
        for (const float age : {0.25f, 0.3f, 1.0f, 0.25f, 0.125f}) {
            rig.set("net", "age", age);
            const auto heard = rig.run(4'000)[0];
            all.insert(all.end(), heard.begin(), heard.end());
        }
        analyse(all);
        CHECK(rig.told.size() == 1);
        CHECK(has(rig.told, "10200.safetensors"));
        CHECK(has(rig.told, "plays on with the others"));
        CHECK(rig.meter("net", "age_heard").value() == 0.125f);
    }
}

TEST_CASE("the work of two networks at once is counted where the patch says another age than the newest") {
    const TrainingRun run({100, 400, 800});
    Stage newest(run, {}), between(run, {{"age", "0.3"}});
    CHECK(as<GeneratesAhead>(newest.node())->real_time_factor().speed.find("networks at once") == std::string::npos);
    CHECK(as<GeneratesAhead>(between.node())->real_time_factor().speed.find("2 networks at once") == 0);
    CHECK(as<GeneratesAhead>(between.node())->real_time_factor().load > 0);
}

TEST_CASE("follow takes up a checkpoint that appears while it plays, without a gap and without a click") {
    const auto run = sines();
    std::filesystem::rename(run.file(800), run.folder / "later");
    Stage stage(run, {{"temperature", "0"}, {"follow", "true"}});
    const auto watched = [](int) { return true; };
    Samples all = stage.run(50, watched);
    CHECK(stage.meter("age_heard") == 0.5f);
    std::ofstream(run.file(800), std::ios::binary) << "half of i";
    const auto add = [&](const Samples& more) { all.insert(all.end(), more.begin(), more.end()); };
    const auto wait = [&](const std::function<bool()>& until) {
        for (int tries = 0; tries < 600 && !until(); ++tries) {
            add(stage.run(1, watched));
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return until();
    };
    wait([&, n = 0]() mutable { return ++n > 150; });  // one look at least finds half of it
    CHECK(stage.meter("age_heard") == 0.5f);
    std::filesystem::rename(run.folder / "later", run.file(800));
    CHECK(wait([&] { return stage.meter("age_heard") > 0.5f; }));
    CHECK(has(stage.told, "follows to 10800.safetensors"));
    add(stage.run(150, watched));
    CHECK(stage.meter("age_heard") == 1.0f);
    add(stage.run(100, watched));
    CHECK(note(part(all, all.size() - 4'096, 4'096)) == doctest::Approx(400).epsilon(0.06));
    CHECK(stage.meter("covering") == 0.0f);
    analyse(all);

    // The run is longer by now, and replayed as it grew.
    run.add(900, sine_network());
    Stage replay(run, {{"temperature", "0"}, {"follow", "true"}}, stage.answers);
    CHECK(replay.replay(static_cast<int>(all.size() / block_frames)) == all);
    CHECK(has(replay.told, "follows to 10800.safetensors"));
    // What it followed to is gone: it says so and stays at what it has.
    std::filesystem::remove(run.file(800));
    std::filesystem::remove(run.file(900));
    Stage without(run, {{"temperature", "0"}, {"follow", "true"}}, stage.answers);
    analyse(without.replay(static_cast<int>(all.size() / block_frames)));
    CHECK(without.meter("age_heard") == 0.5f);
    CHECK(has(without.told, "the checkpoint that it went on to is gone from "));
}

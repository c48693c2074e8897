// legume-train: runs the train node of a patch. A program of its own, since loading LibTorch takes longer than playing.
// SPDX-License-Identifier: MIT
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "graph/abilities.h"
#include "graph/compile.h"
#include "host/commands/models/report.h"
#include "host/engine/runner.h"
#include "host/session/open.h"
#include "host/system/command.h"
#include "host/system/paths.h"
#include "nodes/samplernn/torch/network.h"
#include "nodes/samplernn/torch/trainer.h"
#include "nodes/samplernn/train/bench_result.h"
#include "nodes/samplernn/train/plan.h"
#include "nodes/samplernn/train/timeline.h"
#include "nodes/samplernn/train/train.h"
#include "nodes/sound/sound_file.h"

namespace legume {
namespace {

namespace fs = std::filesystem;
using samplernn::Heard;
using samplernn::Trainee;
using samplernn::TrainSettings;

volatile std::sig_atomic_t interrupted = 0;

struct Request {
    fs::path patch;
    bool plan = false;
    fs::path player;  // a bench's file
    fs::path corpus;  // where the sound lies when it is not where the patch says
    bool accept_corpus = false, accept_changes = false, listen = false;
    std::optional<std::uint64_t> seed;
    std::optional<std::int64_t> steps;
    int threads = 0;  // 0: the run's own, or the machine's
};

CLI::ParseError refusal(const std::string& why) { return {why, CLI::ExitCodes::ValidationError}; }

template <class Whole, class Into>
void add_number(CLI::App& app, const std::string& name, Into& into, std::uint64_t least, std::uint64_t most,
                const std::string& doc) {
    const auto take = [&into, name, least, most](const std::string& text) {
        const char* const end = text.data() + text.size();
        std::uint64_t number = 0;
        const auto read = std::from_chars(text.data(), end, number);
        if (read.ec != std::errc() || read.ptr != end || number < least || number > most)
            throw refusal(name + " needs a whole number, not \"" + text + "\"");
        into = static_cast<Whole>(number);
    };
    app.add_option_function<std::string>(name, take, doc)->type_name("N")->take_last();
}

void add_options(CLI::App& app, Request& request) {
    app.add_option("PATCH", request.patch, "The patch, whose train node says what is learned")->required();
    app.add_flag("--plan", request.plan,
                 "Train nothing: say what the run would take, and whether its network will play here");
    app.add_option("--for", request.player,
                   "With --plan: whether it will play where `legume bench --shape ... --json` wrote this file")
        ->expected(0, 1)
        ->take_last()
        ->type_name("FILE");
    constexpr auto any = std::numeric_limits<std::uint64_t>::max();
    add_number<std::uint64_t>(app, "--seed", request.seed, 0, any, "For the same chance as another time");
    add_number<int>(app, "--threads", request.threads, 1, 1'024,
                    "Else as many as the run began with, since others may move its last bits");
    add_number<std::int64_t>(app, "--steps", request.steps, 1, 1'000'000'000,
                             "In place of the patch's steps and minutes");
    app.add_flag("--accept-corpus", request.accept_corpus, "Go on though the sound changed");
    app.add_flag("--accept-changes", request.accept_changes, "Go on with another learning_rate, window or overlap");
    app.add_option("--corpus", request.corpus,
                   "Where the sound lies when it is not where the patch says; a run knows its files by their content")
        ->expected(0, 1)
        ->take_last()
        ->type_name("DIR");
    app.add_flag("--listen", request.listen, "Play each new take as it falls");
    app.allow_extras();
}

// What CLI11 does not see, or says in words that leave out the next step.
void validate(const CLI::App& app, const Request& request) {
    for (const auto& word : app.remaining())
        throw refusal(word.starts_with('-') ? "there is no " + word : "one patch at a time, please");
    const bool player = app.count("--for") > 0;
    if (player && request.player.empty())
        throw refusal("--for needs a file that `legume bench --shape ... --json` wrote");
    if (player && !request.plan) throw refusal("--for goes with --plan");
    std::error_code failed;
    if (app.count("--corpus") > 0 && !fs::is_directory(request.corpus, failed))
        throw refusal("--corpus needs a folder with the sound in it");
}

// Whether files that the train node names are not there; then `folder` takes their place.
bool lead_to(const fs::path& folder, Patch& patch) {
    bool led = false;
    for (auto& node : patch.nodes)
        for (auto& setting : node.settings) {
            if (node.type != train_node.name || setting.name != "files") continue;
            const auto missing = [](const Value& value) {
                std::error_code failed;
                return !fs::exists(fs::path(value.place.file).parent_path() / value.text, failed);
            };
            auto& value = setting.value;
            if (value.kind == Value::Kind::list ? std::none_of(value.items.begin(), value.items.end(), missing)
                                                : !missing(value))
                continue;
            value.kind = Value::Kind::text;
            value.text = fs::absolute(folder).string();
            led = true;
        }
    return led;
}

// Plays the patch offline until the train node has heard enough. Kept, for a run, beside the run, so that going on
// learns from the same sound and the player can listen to it.
std::optional<Heard> hear(Checked checked, Trainee& trainee, const TrainSettings& settings, std::uint64_t seed,
                          bool keep) {
    const fs::path kept = settings.run / "heard.wav";
    std::error_code failed;
    if (fs::exists(kept, failed) && fs::exists(settings.run / "resume.legume", failed)) {
        Sound sound = read_sound(kept);
        return Heard{sound.rate, std::move(sound.samples)};
    }
    RunnerSetup setup;
    setup.seed = seed;
    std::string quiet_id;
    for (std::size_t i = 0; i < checked.nodes.size(); ++i)
        if (as<Trainee>(*checked.nodes[i]) == &trainee) quiet_id = checked.patch.nodes[i].id;
    setup.tell = [quiet_id](const std::string& id, const std::string& line) {
        if (id != quiet_id) std::fprintf(stderr, "%s: %s\n", id.c_str(), line.c_str());
    };
    Runner runner(setup);
    if (print_problems(runner.edit(std::move(checked)))) return std::nullopt;
    trainee.listen();
    std::array<std::array<float, block_frames>, 2> planes;
    const std::array<float*, 2> out{planes[0].data(), planes[1].data()};
    Progress progress;
    const double blocks = settings.seconds * setup.rate / block_frames;
    for (double block = 0; !trainee.listened() && !interrupted; ++block) {
        runner.render_block(nullptr, out.data());
        if (static_cast<std::int64_t>(block) % 1024 == 0) progress.show("listening", block / blocks);
    }
    progress.finish();
    if (interrupted) return std::nullopt;
    Heard heard = trainee.heard();
    if (!keep) return heard;
    try {
        fs::create_directories(settings.run);
        SoundWriter writer(kept, heard.rate, 1, SoundFormat::wav_float);
        writer.write(heard.samples);
        writer.finish();
    } catch (const std::exception& error) {
        throw samplernn::TrainError(kept.string() + " cannot be kept: " + error.what() + "; set another run folder");
    }
    return heard;
}

using samplernn::time_text;

// A bar on a terminal, redrawn; elsewhere a line now and then.
class Display {
  public:
    void operator()(const samplernn::TrainProgress& p) {
        char held_out[32] = "";
        if (p.held_out_bits) std::snprintf(held_out, sizeof held_out, ", held out %.3f", *p.held_out_bits);
        char line[200];
        std::snprintf(line, sizeof line, "step %lld, %.3f bits%s, %.0f samples/s, %s left",
                      static_cast<long long>(p.step), p.train_bits, held_out, p.samples_per_second,
                      time_text(p.seconds_left).c_str());
        const auto now = std::chrono::steady_clock::now();
        if (!p.checkpoint.empty()) {
            bar_.finish();
            std::printf("%s: %s\n", p.checkpoint.c_str(), line);
        } else if (terminal_) {
            bar_.show(line, p.share);
        } else if (p.measured || p.step == 1 || now >= next_) {
            std::printf("%s\n", line);
        } else {
            return;
        }
        next_ = now + std::chrono::seconds(60);
    }
    void finish() { bar_.finish(); }

  private:
    const bool terminal_ = isatty(STDERR_FILENO) != 0;
    Progress bar_;
    std::chrono::steady_clock::time_point next_;
};

// `legume listen --follow` beside the run, a program of its own: whatever becomes of it, training does not suffer.
class Companion {
  public:
    explicit Companion(const fs::path& folder) {
        const std::string program = program_folder() / "legume", run = folder;
        std::array<char*, 5> words{const_cast<char*>(program.c_str()), const_cast<char*>("listen"),
                                   const_cast<char*>(run.c_str()), const_cast<char*>("--follow"), nullptr};
        if (posix_spawn(&pid_, program.c_str(), nullptr, nullptr, words.data(), environ) == 0) return;
        pid_ = 0;
        std::fprintf(stderr, "%s cannot be started; training goes on, unheard\n", program.c_str());
    }
    ~Companion() {
        if (pid_ == 0) return;
        kill(pid_, SIGTERM);
        waitpid(pid_, nullptr, 0);
    }
    Companion(const Companion&) = delete;
    Companion& operator=(const Companion&) = delete;

  private:
    pid_t pid_ = 0;
};

// Samples a second in updates of the run's own batch and window; what is in them makes no difference.
double train_speed(const TrainSettings& settings, const samplernn::Config& config) {
    const auto cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    samplernn::set_threads(settings.threads ? settings.threads : cores);
    samplernn::Network network(config, 1, settings.device, settings.learning);
    const int history = config.tiers.back().frame;
    const int window = (settings.window + history - 1) / history * history;
    samplernn::Window updated{settings.batch, window, history, {}, {}};
    updated.levels.resize(static_cast<std::size_t>(settings.batch) * static_cast<std::size_t>(history + window));
    for (std::size_t i = 0; i < updated.levels.size(); ++i)
        updated.levels[i] = static_cast<std::int32_t>(i % static_cast<std::size_t>(config.levels));
    updated.fresh.resize(static_cast<std::size_t>(settings.batch));
    auto states = network.fresh_states(settings.batch);
    const auto cuts = samplernn::cut_window(config, settings.batch, window, settings.memory, settings.learning);
    constexpr double enough_seconds = 3;
    double best = 0, spent = 0;
    for (int updates = 0; updates < 2 || spent < enough_seconds; ++updates) {  // the first also allocates
        const auto began = std::chrono::steady_clock::now();
        network.learn(updated, states, cuts);
        network.update(settings.learning_rate, 1);
        const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        spent += took;
        best = std::max(best, static_cast<double>(settings.batch) * window / took);
    }
    return best;
}

void print_plan(const TrainSettings& settings, const samplernn::Corpus& corpus, const fs::path& player) {
    std::optional<samplernn::BenchResult> there;
    if (!player.empty()) there = samplernn::read_bench(player);
    samplernn::Measuring measuring;
    measuring.train = [&](const samplernn::Config& config) { return train_speed(settings, config); };
    measuring.play = samplernn::play_speed;
    measuring.memory = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
    for (const auto& line : samplernn::plan(settings, corpus, measuring, there)) std::printf("%s\n", line.c_str());
}

int run(const Request& request) {
    bool elsewhere = false;
    Checked checked = open_patch(request.patch, [&](Patch& patch) {
        if (!request.corpus.empty()) elsewhere = lead_to(request.corpus, patch);
    });
    if (print_problems(checked.problems)) return 1;
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < checked.nodes.size(); ++i)
        if (as<Trainee>(*checked.nodes[i])) found.push_back(i);
    const std::string name = request.patch.string();
    if (found.size() != 1) {
        if (found.empty())
            std::fprintf(stderr, "%s: has no train node; add one, as patches/train-pods.yaml does\n", name.c_str());
        else
            std::fprintf(stderr,
                         "%s: has %zu train nodes, \"%s\" and \"%s\" among them; keep one, or make a patch of each\n",
                         name.c_str(), found.size(), checked.patch.nodes[found[0]].id.c_str(),
                         checked.patch.nodes[found[1]].id.c_str());
        return 1;
    }
    const std::shared_ptr<Node> node = checked.nodes[found[0]];
    auto& trainee = *as<Trainee>(*node);
    TrainSettings settings = trainee.settings();
    if (settings.run.empty()) settings.run = request.patch.parent_path() / "runs" / request.patch.stem();
    if (request.steps) {
        settings.steps = *request.steps;
        settings.minutes = 0;
    }
    const auto seed = choose_seed(request.seed, checked.patch);
    if (request.seed || checked.patch.seed)
        settings.seed = hash_seed(seed, checked.patch.nodes[found[0]].id, trainee.own_seed());

    settings.gain_seed = settings.seed.value_or(trainee.own_seed());
    settings.cache = settings.run / "corpus";
    settings.accept_corpus = request.accept_corpus;
    settings.accept_changes = request.accept_changes;
    settings.threads = request.threads;
    std::ifstream text(request.patch, std::ios::binary);
    settings.patch = {std::istreambuf_iterator<char>(text), {}};

    Progress reading;
    const auto tell = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
    const auto show = [&](double share) {
        reading.show("reading the sound, " + std::to_string(static_cast<int>(100 * share)) + " %", share);
    };
    samplernn::CorpusMaker maker(settings.config, settings, tell, show);
    if (elsewhere && samplernn::knows_sources(settings.run)) {
        for (auto& source : samplernn::find_sources(settings.run, request.corpus)) maker.add(std::move(source));
        tell("the sound that the run learned from is in " + request.corpus.string());
    } else {
        for (const auto& file : settings.files) maker.add(file);
    }
    if (settings.seconds > 0) {
        auto heard = hear(std::move(checked), trainee, settings, seed, !request.plan);
        if (!heard) return interrupted ? 130 : 1;
        maker.add(std::move(*heard));
    }
    const auto corpus = maker.finish(settings.window);
    reading.finish();
    if (request.plan) {
        print_plan(settings, corpus, request.player);
        return 0;
    }
    std::printf("%zu sounds, %s; guessing blindly costs %.2f bits a sample\n", corpus.passages.size(),
                time_text(corpus.seconds).c_str(), corpus.entropy_bits);

    Display display;
    std::int64_t step = 0;
    samplernn::Watching watching;
    watching.tell = tell;
    watching.stop = [] { return interrupted != 0; };
    watching.progress = [&](const samplernn::TrainProgress& p) {
        step = p.step;
        display(p);
    };
    samplernn::begin_timeline(settings.run);
    std::optional<Companion> companion;
    if (request.listen) companion.emplace(settings.run);
    const auto outcome = samplernn::train(settings, corpus, watching);
    display.finish();
    companion.reset();
    if (outcome != samplernn::Outcome::stopped) report({settings.run});
    const std::string longer =
        "to train on, set more steps in the patch, or say --steps N; to begin anew, set another run folder";
    if (outcome == samplernn::Outcome::stopped)
        std::printf("stopped and saved in %s; the same command goes on\n", settings.run.c_str());
    else if (outcome == samplernn::Outcome::was_finished)
        std::printf("%s is finished; %s\n", settings.run.c_str(), longer.c_str());
    else
        std::printf("finished after step %lld; model: %s plays it; %s\n", static_cast<long long>(step),
                    settings.run.c_str(), longer.c_str());
    if (outcome != samplernn::Outcome::stopped && settings.held_out > 0) {
        try {
            const auto best = samplernn::find_best(settings.run);
            std::printf("best on held-out sound: %s; model: %s/best plays it\n", best.filename().c_str(),
                        settings.run.c_str());
        } catch (
            const samplernn::ModelError&) {  // somebody took the checkpoints away: the run is finished all the same
        }
    }
    return 0;
}

}  // namespace
}  // namespace legume

int main(int argc, char** argv) {
    CLI::App app{"Trains the network that the patch's train node describes; a stopped run goes on where it was.",
                 "legume train"};
    legume::Request request;
    legume::add_options(app, request);
    try {
        app.parse(argc, argv);
        legume::validate(app, request);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 1;
    }
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // lines come out in order, into a file too
    struct sigaction action {};
    action.sa_handler = [](int) { legume::interrupted = 1; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);  // a second Ctrl-C ends it at once; what was saved stays whole
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    std::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is then an error as a full disk is
    try {
        return legume::run(request);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}

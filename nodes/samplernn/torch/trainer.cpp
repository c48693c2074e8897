// The loop of a training run. What it draws, it draws from counters, so that a resume needs no generator's state.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/torch/trainer.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "graph/base/math.h"
#include "nodes/dsp/random.h"
#include "nodes/samplernn/torch/compatibility.h"
#include "nodes/samplernn/torch/csv_log.h"
#include "nodes/samplernn/torch/network.h"
#include "nodes/samplernn/torch/spike_guard.h"
#include "nodes/samplernn/torch/window_reader.h"
#include "nodes/samplernn/train/likelihood.h"
#include "nodes/samplernn/train/resume.h"
#include "nodes/samplernn/train/timeline.h"
#include "nodes/sound/sound_file.h"

namespace legume::samplernn {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr double clip_norm = 1;
constexpr std::int64_t warm_up_steps = 50;
constexpr double decay_from = 0.5;         // share of the run
constexpr std::int64_t choose_every = 50;  // which blocks of a pruned network live
constexpr double churn = 0.2;              // share of them that is grown anew, at first
constexpr double settled = 0.75;           // share of the run after which they stay
constexpr std::int64_t measure_every = 250;
constexpr std::int64_t log_every = 25;
constexpr std::size_t int8_samples = 16'000;  // of it, for what int8 costs
constexpr double save_every_seconds = 120;
constexpr double try_again_seconds = 3;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// The most that the program has held so far.
double memory_gb() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_maxrss) * 1024 / 1e9;  // Linux counts in KiB
}

// Warm-up, then level, then a half cosine to a twentieth.
double rate_at(double learning_rate, std::int64_t step, double share) {
    const double warm = std::min(1.0, static_cast<double>(step + 1) / warm_up_steps);
    const double through = std::clamp((share - decay_from) / (1 - decay_from), 0.0, 1.0);
    return learning_rate * warm * (0.05 + 0.95 * 0.5 * (1 + math::cos(math::pi * through)));
}

double churn_at(double share) {
    return share < settled ? churn * 0.5 * (1 + math::cos(math::pi * share / settled)) : 0;
}

class Run {
  public:
    Run(const TrainSettings& settings, const Corpus& corpus, const Watching& watching)
        : settings_(settings),
          corpus_(corpus),
          watching_(watching),
          resume_file_(settings.run / "resume.legume"),
          log_(settings.run / "log.csv",
               "step,share,train_bits,held_out_bits,learning_rate,samples_per_second,memory_gb"),
          events_(settings.run / "events.csv", "step,event,value,usual"),
          held_out_(held_out_windows(corpus, settings)),
          cuts_(cut_window(settings.config, settings.batch, settings.window, settings.memory, settings.learning)) {
        auto resume = read_resume(resume_file_);
        // As many threads as the run began with, where they computed: they may move the last bits.
        const auto saved = resume ? std::atoi(value_in(resume->run, "threads").value_or("0").c_str()) : 0;
        const auto cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
        const int threads = settings.threads ? settings.threads : saved ? saved : cores;
        if (!settings.threads && saved > cores)
            watching.tell(std::to_string(saved) + " threads, as the run began with, on " + std::to_string(cores) +
                          " cores; --threads " + std::to_string(cores) + " is faster, to other last bits");
        set_threads(threads);
        if (resume && settings.seed && *settings.seed != resume->seed && resume->step > 0)
            throw TrainError(settings.run.string() + ": holds a run of seed " + std::to_string(resume->seed) +
                             "; set that seed, another run folder, or remove this one");
        seed_ = settings.seed ? *settings.seed : resume ? resume->seed : std::random_device{}();
        if (resume && resume->step == 0) resume.reset();  // there is nothing to go on from
        network_ = std::make_unique<Network>(settings.config, seed_, settings.device, settings.learning);
        const auto device = network_->device();
        const auto now =
            terms(settings, corpus, {device, processor_name(), Network::libtorch(), device == "cpu" ? threads : 0});
        terms_ = print(now);
        if (resume) accept(*resume, now);
        reading_ = std::make_unique<WindowReader>(corpus, settings_, seed_);
        states_ = network_->fresh_states(settings.batch);
        if (resume) {
            step_ = saved_step_ = resume->step;
            spent_ = resume->seconds;
            bits_sum_ = resume->bits_sum;
            bits_count_ = resume->bits_count;
            if (resume->held_out >= 0) held_out_bits_ = resume->held_out;
            reading_->streams = std::move(resume->streams);
            guard_.load(resume->guard);
            network_->load(resume->network, step_ - guard_.skips());
            states_ = network_->load_states(settings.batch, resume->states);
        } else if (settings.prune > 0) {
            network_->prune(settings.prune, 0);
        }
    }

    Outcome go() {
        timeline_ = std::make_unique<Timeline>(settings_, seed_, watching_.tell);
        const auto end = [&](Outcome outcome) {
            return timeline_->finish(watching_.stop) ? outcome : Outcome::stopped;
        };
        if (share() >= 1) return end(Outcome::was_finished);
        watching_.tell(network_->device() + ", " + std::to_string(network_->parameters()) + " parameters, seed " +
                       std::to_string(seed_) + (step_ ? "; goes on after step " + std::to_string(step_) : ""));
        log_.cut(step_);
        if (events_.exists()) events_.cut(step_);
        if (step_ == 0 || changed_) {  // so that a seed by chance is kept, and a disk without room is known at once
            note_sources(settings_.run, corpus_.sources);
            save();
        }
        double reached = std::min(1.0, share());
        auto saved = Clock::now();
        double mean = 0, speed = 0;
        started_ = Clock::now();
        while (share() < 1) {
            if (watching_.stop && watching_.stop()) {
                patiently([&] { save(); });
                return Outcome::stopped;
            }
            const auto began = Clock::now();
            const double rate = rate_at(settings_.learning_rate, step_, share());
            const double bits = learn(rate);
            ++step_;
            if (settings_.prune > 0 && step_ % choose_every == 0)
                if (const double churn_now = churn_at(share()); churn_now > 0)
                    network_->prune(settings_.prune, churn_now);
            const double weight = std::max(0.02, 1.0 / static_cast<double>(++taken_));  // smoothed over about 50 steps
            if (std::isfinite(bits)) {
                bits_sum_ += bits;
                ++bits_count_;
                mean += weight * (bits - mean);
            }
            speed += weight * (static_cast<double>(settings_.batch) * settings_.window / since(began) - speed);

            TrainProgress progress{step_, std::min(1.0, share()), mean, held_out_bits_, speed, 0, false, {}};
            const bool due = checkpoint_due(settings_, step_, reached, progress.share);
            reached = progress.share;
            if (!held_out_.empty() && (due || step_ % measure_every == 0)) {
                progress.held_out_bits = held_out_bits_ = measure();
                progress.measured = true;
            }
            if (due) patiently([&] { progress.checkpoint = write(progress.share); });
            if (due || step_ % log_every == 0) {
                char row[160];
                std::snprintf(row, sizeof row, "%lld,%.6f,%s,%s,%.3g,%.0f,%.3f", static_cast<long long>(step_),
                              progress.share,
                              bits_count_ ? number(bits_sum_ / static_cast<double>(bits_count_)).c_str() : "",
                              progress.measured ? number(*held_out_bits_).c_str() : "", rate, speed, memory_gb());
                patiently([&] { log_.add(row); });
                bits_sum_ = 0;
                bits_count_ = 0;
            }
            if (due || since(saved) >= save_every_seconds) {
                patiently([&] { save(); });
                saved = Clock::now();
            }
            progress.seconds_left = seconds_left(speed);
            if (watching_.progress) watching_.progress(progress);
        }
        return end(Outcome::finished);
    }

  private:
    // Whether the run may go on on these terms.
    void accept(Resume& resume, const std::vector<Term>& now) {
        const std::string run = settings_.run.string() + ": ";
        const std::string other_folder = "set another run folder, or remove this one";
        bool sound = false;
        for (const auto& [term, before] : changes(resume.run, now)) {
            const auto is = term.name + " is " + term.value + " here and " + before + " in the run";
            const bool other_sound = term.name == "sound";
            if (term.bond == Compatibility::shape) throw TrainError(run + is + "; set it back, " + other_folder);
            if (term.bond == Compatibility::learning && !settings_.accept_changes)
                throw TrainError(run + is + "; set it back, say --accept-changes to go on with it, " + other_folder);
            if (term.bond == Compatibility::sound && !settings_.accept_corpus)
                throw TrainError(run + (other_sound ? "holds a run of other sound" : is) +
                                 "; say --accept-corpus to go on with this sound, " + other_folder);
            sound = sound || term.bond == Compatibility::sound;
            watching_.tell(run + (other_sound ? "goes on with other sound than it began with"
                                              : is + "; it goes on, and its bytes are no longer those of the run "
                                                     "as it began"));
            changed_ = true;
        }
        if (sound)
            for (auto& stream : resume.streams) stream.left = 0;  // its place may be no more
    }
    // One update, or none when the loss or the gradient is not to be trusted. Gives the loss.
    double learn(double rate) {
        const double bits = network_->learn(reading_->next(), states_, cuts_);
        const double most_bits = guard_.most_bits(), most_norm = guard_.most_norm();
        const double usual_bits = guard_.usual_bits(), usual_norm = guard_.usual_norm();
        guard_.saw_bits(bits);
        const bool loss = !(bits <= most_bits) || !std::isfinite(bits);
        const bool learned = !loss && network_->update(rate, clip_norm, most_norm);
        if (!loss) guard_.saw_norm(network_->gradient_norm());
        if (learned) {
            guard_.learned();
            return bits;
        }
        const double value = loss ? bits : network_->gradient_norm(), usual = loss ? usual_bits : usual_norm;
        guard_.skipped(std::isfinite(value));
        if (guard_.hopeless()) not_a_number();
        if (!std::isfinite(bits)) {  // so may be the states
            states_ = network_->fresh_states(settings_.batch);
            for (auto& stream : reading_->streams) stream.left = 0;
        }
        const std::string what = loss ? "loss" : "gradient", step = std::to_string(step_ + 1);
        watching_.tell("step " + step + ": a " + what + " of " + number(value) + " where " + number(usual) +
                       " is usual; nothing is learned from this step");
        patiently([&] { events_.add(step + "," + what + "," + number(value) + "," + number(usual)); });
        return bits;
    }
    // A full disk holds a run up, and does not end it.
    template <class Write>
    void patiently(Write write) {
        const auto began = Clock::now();
        for (bool told = false;; told = true) {
            try {
                write();
                if (told) watching_.tell("there is room again; the run goes on");
                paused_ += told ? since(began) : 0;
                return;
            } catch (const TrainError&) {
                throw;
            } catch (const std::exception& error) {
                if (!told)
                    watching_.tell(std::string(error.what()) +
                                   "; the run waits until that is mended, and goes on by itself");
                for (auto from = Clock::now(); since(from) < try_again_seconds;) {
                    if (watching_.stop && watching_.stop())
                        throw TrainError(std::string(error.what()) +
                                         "; stopped without saving. The last save is of step " +
                                         std::to_string(saved_step_) + ", and the same command goes on from it");
                    std::this_thread::sleep_for(std::chrono::milliseconds(50));
                }
            }
        }
    }
    static std::string number(double value) {
        char text[32];
        std::snprintf(text, sizeof text, "%.4f", value);
        return text;
    }
    double seconds() const { return spent_ + (started_ ? since(*started_) : 0) - paused_; }
    double share() const {
        const double by_steps = settings_.steps ? static_cast<double>(step_) / static_cast<double>(settings_.steps) : 0;
        const double by_time = settings_.minutes > 0 ? seconds() / (60 * settings_.minutes) : 0;
        return std::max(by_steps, by_time);
    }
    double seconds_left(double speed) const {
        double left = INFINITY;
        if (settings_.steps)
            left = static_cast<double>(settings_.steps - step_) * settings_.batch * settings_.window / speed;
        if (settings_.minutes > 0) left = std::min(left, 60 * settings_.minutes - seconds());
        return std::max(0.0, left);
    }
    [[noreturn]] void not_a_number() const {
        throw TrainError("step " + std::to_string(step_ + 1) +
                         ": the network's numbers grew out of bounds; nothing was written since the last save. Set a "
                         "smaller learning_rate than " +
                         number(settings_.learning_rate) + " and run it again with --accept-changes");
    }
    double measure() {
        double sum = 0;
        States states = network_->fresh_states(held_out_[0].streams);
        // More streams, so shorter segments: no more memory than learning takes.
        const int frame = settings_.config.tiers.back().frame, streams = held_out_[0].streams;
        GradientCheckpoints cuts = cuts_;
        cuts.segment = std::clamp(cuts.segment * settings_.batch / streams / frame * frame, frame, settings_.window);
        for (const auto& window : held_out_) sum += network_->evaluate(window, states, cuts);
        const double bits = sum / static_cast<double>(held_out_.size());
        if (!std::isfinite(bits)) not_a_number();
        return bits;
    }
    double int8_cost(const Checkpoint& stored) const {
        const auto bits = [&](Precision precision) {
            return held_out_nll(std::make_shared<const Model>(stored, precision), corpus_, int8_samples).bits;
        };
        const double cost = bits(Precision::int8) - bits(Precision::fp32);
        if (!std::isfinite(cost)) not_a_number();
        return cost;
    }
    fs::path write(double age) {
        Checkpoint checkpoint{settings_.config, network_->averaged()};
        checkpoint.config.step = step_;
        checkpoint.config.age = age;
        checkpoint.config.corpus_hash = corpus_.hash;
        checkpoint.config.held_out_nll = held_out_bits_;
        for (const auto& [name, tensor] : checkpoint.tensors)
            for (const float value : tensor.values)
                if (!std::isfinite(value)) not_a_number();
        if (!held_out_.empty())  // what is measured is what will play
            checkpoint.config.int8_cost = int8_cost(as_stored(checkpoint, settings_.storage));
        return timeline_->add(checkpoint, watching_.stop);
    }
    void save() {
        Resume resume{terms_,           seed_,          step_,
                      seconds(),        share(),        held_out_bits_.value_or(-1),
                      bits_sum_,        bits_count_,    reading_->streams,
                      network_->save(), states_.save(), guard_.save()};
        for (const auto* list : {&resume.network, &resume.states})
            for (const float value : *list)
                if (!std::isfinite(value)) not_a_number();
        write_resume(resume_file_, resume);
        saved_step_ = step_;
    }

    const TrainSettings& settings_;
    const Corpus& corpus_;
    const Watching& watching_;
    const fs::path resume_file_;
    CsvLog log_, events_;
    const std::vector<Window> held_out_;
    const GradientCheckpoints cuts_;
    std::uint64_t seed_ = 0;
    std::unique_ptr<Network> network_;
    std::unique_ptr<WindowReader> reading_;
    std::unique_ptr<Timeline> timeline_;
    States states_;
    SpikeGuard guard_;
    std::string terms_;     // on which the run goes on
    bool changed_ = false;  // they have, and this is not saved yet
    std::int64_t saved_step_ = 0;
    std::int64_t step_ = 0, taken_ = 0;
    double bits_sum_ = 0;  // since the log's last row
    std::int64_t bits_count_ = 0;
    double spent_ = 0, paused_ = 0;
    std::optional<Clock::time_point> started_;
    std::optional<double> held_out_bits_;
};

}  // namespace

Outcome train(const TrainSettings& settings, const Corpus& corpus, const Watching& watching) {
    try {
        begin_timeline(settings.run);
        const RunLock lock(settings.run);
        sweep(settings.run);
        return Run(settings, corpus, watching).go();
    } catch (const TrainError&) {
        throw;
    } catch (const SoundError& error) {
        throw TrainError((settings.run / "takes").string() + " " + error.what());
    } catch (const std::exception& error) {  // ModelError, the resume file's, LibTorch's
        throw TrainError(error.what());
    }
}

}  // namespace legume::samplernn

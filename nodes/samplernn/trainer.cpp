// The loop of a training run. What it draws, it draws from counters, so that a resume needs no generator's state.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <random>
#include <vector>

#include "graph/math.h"
#include "nodes/dsp/random.h"
#include "nodes/samplernn/generator.h"
#include "nodes/samplernn/likelihood.h"
#include "nodes/samplernn/network.h"
#include "nodes/samplernn/places.h"
#include "nodes/samplernn/quantise.h"
#include "nodes/samplernn/resume.h"
#include "nodes/samplernn/take.h"
#include "nodes/sound_file.h"

namespace legume::samplernn {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr double clip_norm = 1;
constexpr double visit_seconds = 4;  // how long a stream stays with one place in the sound
constexpr std::int64_t warm_up_steps = 50;
constexpr double decay_from = 0.5;  // share of the run
constexpr std::int64_t measure_every = 250;
constexpr std::int64_t log_every = 25;
constexpr std::size_t measured_samples = 1 << 17;  // of the held-out sound at the most
constexpr std::size_t int8_samples = 16'000;       // of it, for what int8 costs
constexpr double save_every_seconds = 120;
constexpr double take_seconds = 2;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Every stream walks through the passages' learned parts, and now and then to another place.
class Reading {
  public:
    Reading(const Corpus& corpus, const TrainSettings& settings, std::uint64_t seed)
        : corpus_(corpus),
          settings_(settings),
          seed_(seed),
          history_(settings.config.tiers.back().frame),
          silence_(Levels(settings.config).silence()),
          visit_(
              static_cast<std::uint64_t>(std::max(1.0, visit_seconds * settings.config.sample_rate / settings.window))),
          places_(corpus, samples(), visit_ * samples(), settings.overlap, seed),
          streams(static_cast<std::size_t>(settings.batch)) {}

    Window next() {
        Window window{settings_.batch, settings_.window, history_, {}, {}};
        window.levels.reserve(streams.size() * (samples() + static_cast<std::size_t>(history_)));
        for (std::size_t b = 0; b < streams.size(); ++b) {
            Stream& s = streams[b];
            const bool fresh = s.left < samples() || s.at + samples() > corpus_.passages[s.passage].learn;
            if (fresh) send(s, b);
            window.fresh.push_back(fresh);
            const auto& levels = corpus_.passages[s.passage].levels;
            for (int i = history_; i > 0; --i)
                window.levels.push_back(fresh ? silence_ : levels[s.at - static_cast<std::size_t>(i)]);
            for (std::size_t i = 0; i < samples(); ++i) window.levels.push_back(levels[s.at + i]);
            s.at += samples();
            s.left -= samples();
        }
        return window;
    }

  private:
    std::size_t samples() const { return static_cast<std::size_t>(settings_.window); }
    void send(Stream& s, std::uint64_t b) {
        const auto place = places_.draw(b, streams.size(), s.drawn);
        s.passage = place.passage;
        s.at = place.at;
        // The first visits end at different times, so that the streams do not all begin anew together; but those of a
        // grid are whole.
        const double share = s.drawn == 0 && !settings_.overlap ? dsp::random_uniform(seed_, b, 1) : 1;
        s.left = (1 + static_cast<std::uint64_t>(share * static_cast<double>(visit_ - 1))) * samples();
        ++s.drawn;
    }
    const Corpus& corpus_;
    const TrainSettings& settings_;
    const std::uint64_t seed_;
    const int history_;
    const int silence_;
    const std::uint64_t visit_;  // windows
    const Places places_;

  public:
    std::vector<Stream> streams;
};

// Held-out sound as streams of equal length, evenly over all that there is; each begins from silence.
std::vector<Window> held_out_windows(const Corpus& corpus, const TrainSettings& settings) {
    const auto samples = static_cast<std::size_t>(settings.window);
    struct Start {
        const Passage* passage;
        std::size_t at;
    };
    std::vector<Start> all;
    const std::size_t length = std::min<std::size_t>(8, [&] {  // windows a stream
        std::size_t longest = 0;
        for (const auto& p : corpus.passages) longest = std::max(longest, (p.levels.size() - p.learn) / samples);
        return longest;
    }());
    if (length == 0) return {};
    for (const auto& p : corpus.passages)
        for (std::size_t at = p.learn; at + length * samples <= p.levels.size(); at += length * samples)
            all.push_back({&p, at});
    const std::size_t most = std::max<std::size_t>(1, measured_samples / (length * samples));
    const std::size_t streams = std::min(all.size(), most);
    const int history = settings.config.tiers.back().frame, silence = Levels(settings.config).silence();
    std::vector<Window> windows;
    for (std::size_t w = 0; w < length; ++w) {
        Window window{
            static_cast<int>(streams), settings.window, history, {}, std::vector<std::uint8_t>(streams, w == 0)};
        for (std::size_t b = 0; b < streams; ++b) {
            const Start& start = all[b * all.size() / streams];
            const std::size_t from = start.at + w * samples;
            for (int i = history; i > 0; --i)
                window.levels.push_back(w == 0 ? silence : start.passage->levels[from - static_cast<std::size_t>(i)]);
            for (std::size_t i = 0; i < samples; ++i) window.levels.push_back(start.passage->levels[from + i]);
        }
        windows.push_back(std::move(window));
    }
    return windows;
}

// Warm-up, then level, then a half cosine to a twentieth.
double rate_at(double learning_rate, std::int64_t step, double share) {
    const double warm = std::min(1.0, static_cast<double>(step + 1) / warm_up_steps);
    const double through = std::clamp((share - decay_from) / (1 - decay_from), 0.0, 1.0);
    return learning_rate * warm * (0.05 + 0.95 * 0.5 * (1 + math::cos(math::pi * through)));
}

// What must be the same for a run to go on, in words that its error can quote.
std::string description(const TrainSettings& settings, const Corpus& corpus) {
    std::string text;
    auto line = [&text](const std::string& name, const std::string& value) { text += name + " " + value + "\n"; };
    line("config", settings.config.json());
    line("corpus", corpus.hash);
    line("window", std::to_string(settings.window));
    line("batch", std::to_string(settings.batch));
    line("memory", std::to_string(settings.memory));  // the cuts follow from it, and with them the last bits
    if (settings.overlap) line("overlap", std::to_string(*settings.overlap));
    return text;
}

std::string without_corpus(std::string description) {
    const auto from = description.find("corpus ");
    return description.erase(from, description.find('\n', from) - from);
}

std::string first_difference(const std::string& before, const std::string& now) {
    for (std::size_t a = 0, b = 0; a < before.size() && b < now.size();) {
        const auto end_a = before.find('\n', a), end_b = now.find('\n', b);
        const auto one = before.substr(a, end_a - a), other = now.substr(b, end_b - b);
        if (one != other) {
            const auto name = one.substr(0, one.find(' '));
            return name == "config"   ? "a network of another shape"
                   : name == "corpus" ? "other sound"
                                      : "another " + name;
        }
        a = end_a + 1;
        b = end_b + 1;
    }
    return "other settings";
}

// The log keeps its rows up to the step that a run goes on from.
void trim_log(const fs::path& file, std::int64_t step) {
    std::string kept = "step,share,train_bits,held_out_bits,learning_rate,samples_per_second\n";
    std::ifstream in(file);
    std::string row;
    for (std::getline(in, row); std::getline(in, row);)
        if (!row.empty() && std::atoll(row.c_str()) <= step && row.find(',') != std::string::npos) kept += row + "\n";
    in.close();
    std::ofstream out(file, std::ios::trunc);
    out << kept;
    if (!out.flush()) throw TrainError(file.string() + ": cannot be written");
}

void write_take(const fs::path& file, const Checkpoint& checkpoint, const std::string& hash, std::uint64_t seed) {
    const Recipe recipe{hash, checkpoint.config.step, seed, 0, 1, checkpoint.config.precision()};
    Generator generator(std::make_shared<const Model>(checkpoint, recipe.precision), seed);
    std::vector<float> take(static_cast<std::size_t>(take_seconds * checkpoint.config.sample_rate));
    for (float& sample : take) sample = generator.next(1);
    SoundWriter out(file, checkpoint.config.sample_rate, 1, take_format(Levels(checkpoint.config)), print(recipe));
    out.write(take);
    out.finish();
}

class Run {
  public:
    Run(const TrainSettings& settings, const Corpus& corpus, const Watching& watching)
        : settings_(settings),
          corpus_(corpus),
          watching_(watching),
          resume_file_(settings.run / "resume.legume"),
          description_(description(settings, corpus)),
          held_out_(held_out_windows(corpus, settings)),
          cuts_(cut_window(settings.config, settings.batch, settings.window, settings.memory)) {
        std::error_code failed;
        for (const char* folder : {"checkpoints", "takes"}) {
            fs::create_directories(settings.run / folder, failed);
            if (failed) throw TrainError((settings.run / folder).string() + ": cannot be made: " + failed.message());
        }
        auto resume = read_resume(resume_file_);
        if (resume) {
            if (resume->run != description_) {
                const bool sound = without_corpus(resume->run) == without_corpus(description_);
                if (!sound || !settings.accept_corpus)
                    throw TrainError(settings.run.string() + ": holds a run of " +
                                     first_difference(resume->run, description_) + "; " +
                                     (sound ? "say --accept-corpus to go on with this sound, " : "") +
                                     "set another run folder, or remove this one");
                watching.tell(settings.run.string() + ": goes on with other sound than it began with");
                for (auto& stream : resume->streams) stream.left = 0;  // its place may be no more
            }
            if (settings.seed && *settings.seed != resume->seed)
                throw TrainError(settings.run.string() + ": holds a run of seed " + std::to_string(resume->seed) +
                                 "; set that seed, another run folder, or remove this one");
        }
        seed_ = resume ? resume->seed : settings.seed ? *settings.seed : std::random_device{}();
        network_ = std::make_unique<Network>(settings.config, seed_, settings.device);
        reading_ = std::make_unique<Reading>(corpus, settings_, seed_);
        states_ = network_->fresh_states(settings.batch);
        if (resume) {
            step_ = resume->step;
            spent_ = resume->seconds;
            if (resume->held_out >= 0) held_out_bits_ = resume->held_out;
            reading_->streams = std::move(resume->streams);
            network_->load(resume->network, step_);
            states_ = network_->load_states(settings.batch, resume->states);
        }
    }

    Outcome go() {
        if (share() >= 1) return Outcome::was_finished;
        watching_.tell(network_->device() + ", " + std::to_string(network_->parameters()) + " parameters, seed " +
                       std::to_string(seed_) + (step_ ? "; goes on after step " + std::to_string(step_) : ""));
        trim_log(log_file(), step_);
        std::ofstream log(log_file(), std::ios::app);
        int next = 1;  // checkpoint
        while (step_ > 0 && next < settings_.checkpoints && share() >= checkpoint_share(next, settings_.checkpoints))
            ++next;
        auto saved = Clock::now();
        double bits_sum = 0;
        std::int64_t bits_count = 0;
        double mean = 0, speed = 0;
        started_ = Clock::now();
        while (share() < 1) {
            if (watching_.stop && watching_.stop()) {
                save();
                return Outcome::stopped;
            }
            const auto began = Clock::now();
            const double rate = rate_at(settings_.learning_rate, step_, share());
            const double bits = network_->learn(reading_->next(), states_, cuts_);
            if (!std::isfinite(bits) || !network_->update(rate, clip_norm)) not_a_number();
            ++step_;
            bits_sum += bits;
            ++bits_count;
            // Smoothed over about 50 steps.
            const double weight = std::max(0.02, 1.0 / static_cast<double>(++taken_));
            mean += weight * (bits - mean);
            speed += weight * (static_cast<double>(settings_.batch) * settings_.window / since(began) - speed);

            Progress progress{step_, std::min(1.0, share()), mean, held_out_bits_, speed, 0, false, {}};
            bool due = false;
            while (next <= settings_.checkpoints && progress.share >= checkpoint_share(next, settings_.checkpoints)) {
                due = true;
                ++next;
            }
            if (!held_out_.empty() && (due || step_ % measure_every == 0)) {
                progress.held_out_bits = held_out_bits_ = measure();
                progress.measured = true;
            }
            if (due) progress.checkpoint = write(progress.share);
            if (due || step_ % log_every == 0) {
                char row[160];
                std::snprintf(row, sizeof row, "%lld,%.6f,%.4f,%s,%.3g,%.0f\n", static_cast<long long>(step_),
                              progress.share, bits_sum / static_cast<double>(bits_count),
                              progress.measured ? number(*held_out_bits_).c_str() : "", rate, speed);
                log << row << std::flush;
                bits_sum = 0;
                bits_count = 0;
            }
            if (due || since(saved) >= save_every_seconds) {
                save();
                saved = Clock::now();
            }
            progress.seconds_left = seconds_left(speed);
            if (watching_.progress) watching_.progress(progress);
        }
        return Outcome::finished;
    }

  private:
    fs::path log_file() const { return settings_.run / "log.csv"; }
    static std::string number(double value) {
        char text[32];
        std::snprintf(text, sizeof text, "%.4f", value);
        return text;
    }
    double seconds() const { return spent_ + (started_ ? since(*started_) : 0); }
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
                         number(settings_.learning_rate) + " and run it again");
    }
    double measure() {
        double sum = 0;
        States states = network_->fresh_states(held_out_[0].streams);
        // More streams, so shorter segments: no more memory than learning takes.
        const int frame = settings_.config.tiers.back().frame, streams = held_out_[0].streams;
        Cuts cuts = cuts_;
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
        char name[32];
        std::snprintf(name, sizeof name, "%08lld", static_cast<long long>(step_));
        const fs::path file = settings_.run / "checkpoints" / (std::string(name) + ".safetensors");
        Checkpoint stored = as_stored(checkpoint, settings_.storage);  // what is measured and heard is what will play
        if (!held_out_.empty()) checkpoint.config.int8_cost = stored.config.int8_cost = int8_cost(stored);
        write_checkpoint(file, checkpoint, settings_.storage);
        write_take(settings_.run / "takes" / (std::string(name) + ".flac"), stored, checkpoint_hash(file), seed_);
        return file;
    }
    void save() const {
        Resume resume{
            description_,     seed_,         step_, seconds(), share(), held_out_bits_.value_or(-1), reading_->streams,
            network_->save(), states_.save()};
        for (const auto* list : {&resume.network, &resume.states})
            for (const float value : *list)
                if (!std::isfinite(value)) not_a_number();
        write_resume(resume_file_, resume);
    }

    const TrainSettings& settings_;
    const Corpus& corpus_;
    const Watching& watching_;
    const fs::path resume_file_;
    const std::string description_;
    const std::vector<Window> held_out_;
    const Cuts cuts_;
    std::uint64_t seed_ = 0;
    std::unique_ptr<Network> network_;
    std::unique_ptr<Reading> reading_;
    States states_;
    std::int64_t step_ = 0, taken_ = 0;
    double spent_ = 0;
    std::optional<Clock::time_point> started_;
    std::optional<double> held_out_bits_;
};

}  // namespace

double checkpoint_share(int k, int n) {
    const double share = static_cast<double>(k) / n;
    return share * share * share;
}

Outcome train(const TrainSettings& settings, const Corpus& corpus, const Watching& watching) {
    try {
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

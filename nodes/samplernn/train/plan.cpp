// Adds up, asks the stopwatches, and puts it into words.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train/plan.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <system_error>

#include "graph/abilities.h"
#include "nodes/samplernn/engine/engine.h"
#include "nodes/samplernn/engine/speed.h"
#include "nodes/samplernn/train/gradient_checkpoints.h"
#include "nodes/samplernn/train/presets.h"
#include "nodes/samplernn/train/timeline.h"

namespace legume::samplernn {
namespace {

namespace fs = std::filesystem;

constexpr double pruned = 0.9;

template <class... Values>
std::string print(const char* format, Values... values) {
    char text[400];
    std::snprintf(text, sizeof text, format, values...);
    return text;
}

std::string bytes_text(double bytes) {
    return bytes >= 1e9 ? print(bytes < 1e10 ? "%.1f GB" : "%.0f GB", bytes / 1e9) : print("%.0f MB", bytes / 1e6);
}

std::string count_text(double count) {
    return count >= 1e9   ? print("%.1f billion", count / 1e9)
           : count >= 1e6 ? print("%.1f million", count / 1e6)
                          : print("%.0f thousand", count / 1e3);
}

std::string times_text(double times) { return print(times >= 10 ? "%.0f x" : times >= 1 ? "%.1f x" : "%.2g x", times); }

std::string frames_text(const Config& config) {
    std::string text;
    for (const auto& tier : config.tiers) text += (text.empty() ? "" : "/") + std::to_string(tier.frame);
    return text;
}

std::string name_of(const Config& config) {
    for (const auto& name : size_names()) {
        Config sized = config;
        set_size(sized, name);
        if (sized.tiers == config.tiers && sized.dim == config.dim) return name;
    }
    return "dim " + std::to_string(config.dim) + ", frames " + frames_text(config);
}

// What a run ends with. Samples to learn when steps limit it, else 0.
double samples_to_learn(const TrainSettings& s) { return static_cast<double>(s.steps) * s.batch * s.window; }
double seconds_to_end(const TrainSettings& s, double samples_per_second) {
    const double by_steps = samples_to_learn(s) / samples_per_second, by_time = 60 * s.minutes;
    return s.steps == 0 ? by_time : s.minutes > 0 ? std::min(by_steps, by_time) : by_steps;
}

void say_sound(const Corpus& corpus, std::vector<std::string>& lines) {
    std::string line = std::to_string(corpus.passages.size()) + " sounds, " + time_text(corpus.learn_seconds) +
                       " to learn and " + time_text(corpus.seconds - corpus.learn_seconds) + " held out";
    if (!corpus.left_out.empty()) line += "; left out:";
    lines.push_back(line);
    for (const auto& file : corpus.left_out) lines.push_back("  " + file);
}

std::string disk(const TrainSettings& s, const Corpus& corpus, double steps) {
    const auto weights = static_cast<double>(parameters(s.config));
    double left_out = 0;
    const auto shapes = expected_shapes(s.config);
    for (const auto& name : prunable_tensors(s.config))
        left_out += s.prune * static_cast<double>(count(shapes.at(name)));
    const double checkpoint = (weights - left_out) * (s.storage == Storage::f32   ? 4
                                                      : s.storage == Storage::f16 ? 2
                                                                                  : 1);
    const double written = checkpoint_count(s, steps), kept = s.keep ? std::min<double>(s.keep, written) : written;
    const double takes = written * s.takes * s.take_seconds * s.config.sample_rate * 2;
    const double resume = weights * 4 * sizeof(float);
    const double levels = corpus.seconds * s.config.sample_rate * sizeof(std::uint16_t);
    const double all = kept * checkpoint + takes + 2 * resume + levels;  // while it saves, there are two
    std::string line = "disk: " + bytes_text(all) + " in " + s.run.string() + ": " + print("%.0f", kept) +
                       " checkpoints of " + bytes_text(checkpoint) + ", " + print("%.0f", written * s.takes) +
                       " takes, what it needs to go on, the sound's levels";
    auto folder = fs::absolute(s.run);
    std::error_code failed;
    while (folder.has_relative_path() && !fs::exists(folder, failed)) folder = folder.parent_path();
    const auto space = fs::space(folder, failed);
    if (!failed && static_cast<double>(space.available) < all)
        line += "; there are only " + bytes_text(static_cast<double>(space.available)) +
                " left: make room, keep fewer checkpoints, or set another run folder";
    return line;
}

// What the engine's speed depends on; the rest is as in Config.
std::string playing_shape(Config config) {
    const Config usual;
    config.sample_rate = usual.sample_rate;
    config.embedding = usual.embedding;
    config.biases = usual.biases;
    config.learned_h0 = usual.learned_h0;
    return shape_text({config, 0});
}

}  // namespace

std::string time_text(double seconds) {
    if (!(seconds < 1e11)) return "for ever";
    const auto s = static_cast<long long>(seconds);
    if (s >= 3 * 86'400) return print("%.0f days", seconds / 86'400);
    if (s >= 3600) return print("%lld h %02lld min", s / 3600, s / 60 % 60);
    return print("%lld min %02lld s", s / 60, s % 60);
}

double play_speed(const NetworkShape& shape) {
    const auto model = std::make_shared<const Model>(random_network(shape), Precision::int8);
    return measure_speed(model, 1).samples_per_second;
}

std::vector<std::string> plan(const TrainSettings& settings, const Corpus& corpus, const Measuring& measuring,
                              const std::optional<BenchResult>& player) {
    const Config& config = settings.config;
    if (player && playing_shape(player->shape.config) != playing_shape(config))
        throw ModelError("the bench was of another network, " + playing_shape(player->shape.config) +
                         "; on the machine that will play, run: legume bench --shape \"" + playing_shape(config) +
                         "\" --json");
    std::vector<std::string> lines;
    say_sound(corpus, lines);
    lines.push_back(count_text(static_cast<double>(parameters(config))) + " parameters: dim " +
                    std::to_string(config.dim) + ", frames " + frames_text(config));
    const auto after_shape = lines.size();
    double steps = static_cast<double>(settings.steps);

    bool fits = true;
    try {
        const auto cuts = cut_window(config, settings.batch, settings.window, settings.memory, settings.learning);
        const double memory = learning_bytes(config, settings.batch, settings.window, cuts.segment, settings.learning);
        fits = measuring.memory == 0 || memory < measuring.memory;
        lines.push_back(bytes_text(memory) + " of memory for batch " + std::to_string(settings.batch) + " and window " +
                        std::to_string(settings.window) +
                        (fits ? ""
                              : "; this machine has " + bytes_text(measuring.memory) +
                                    ": it will not fit; set memory below that, or a smaller batch, window or size"));
    } catch (const ModelError& error) {
        fits = false;
        lines.push_back(error.what());
    }
    std::string verdict = name_of(config) + ": ";
    double speed = 0;
    if (fits) {
        speed = measuring.train(config);
        lines.push_back(print("%.0f samples a second, measured here in a few updates", speed));
        const double end = seconds_to_end(settings, speed);
        const double learned = settings.steps > 0 ? std::min(samples_to_learn(settings), end * speed) : end * speed;
        steps = learned / (static_cast<double>(settings.batch) * settings.window);
        lines.push_back(time_text(end) + " to the end: " + count_text(learned) + " samples, " +
                        times_text(learned / (corpus.learn_seconds * config.sample_rate)) + " the sound to learn");
        verdict += time_text(end) + " here, ";
    } else {
        verdict += "too large to train here, ";
    }
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(after_shape), disk(settings, corpus, steps));
    const auto real_time = [&](double samples_per_second) { return samples_per_second / config.sample_rate; };
    const double share = player ? player->shape.sparsity : settings.prune;
    const double plays = real_time(player ? player->samples_per_second : measuring.play({config, share}));
    if (share > 0) verdict += print("pruned to %.2g ", share);
    verdict += times_text(plays) + " real time " +
               (player ? "on " + player->cpu + " (" + player->isa + ")" : std::string("here"));
    if (plays < real_time_factor_needed) {
        if (player && share == 0)
            verdict += "; to know it pruned, run there: legume bench --shape \"" + playing_shape(config) +
                       print(" sparsity=%.1f\" --json", pruned);
        else if (!player && share < pruned)
            verdict +=
                print("; with prune: %.1f it plays ", pruned) + times_text(real_time(measuring.play({config, pruned})));
        // The largest of the smaller sizes that plays.
        const auto& names = size_names();
        for (auto name = names.rbegin(); name != names.rend(); ++name) {
            Config smaller = config;
            set_size(smaller, *name);
            if (parameters(smaller) >= parameters(config)) continue;
            const double times = real_time(measuring.play({smaller, 0}));
            if (times < real_time_factor_needed && name + 1 != names.rend()) continue;
            verdict += "; size: " + *name + " takes " + time_text(seconds_to_end(settings, measuring.train(smaller))) +
                       " and plays " + times_text(times) + (player ? " here" : "");
            break;
        }
    }
    lines.push_back(verdict);
    return lines;
}

}  // namespace legume::samplernn

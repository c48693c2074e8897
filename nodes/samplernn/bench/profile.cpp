// A table of kernels that each start and stop the watch of their stage; its rounds alternate with rounds without.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/bench/profile.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <numeric>

#include "graph/base/denormals.h"
#include "nodes/dsp/random.h"
#include "nodes/samplernn/engine/engine.h"
#include "nodes/samplernn/engine/sampling.h"

namespace legume::samplernn {
namespace {

using Clock = std::chrono::steady_clock;

enum Part { sample_products, tier_products, quantising, tables, gates, drawing, parts };
constexpr const char* names[] = {
    "sample tier: products", "frame tiers: products", "quantising", "tables and ReLU", "gates", "draw"};
constexpr int rounds = 20;  // each stage's quickest counts: whatever disturbs makes slower

struct {
    const Kernels* kernels = nullptr;
    bool running = false, in_tiers = false;
    double reading = 0;  // microseconds that a reading of the clock takes
    std::array<double, parts> spent{};
} watch;

double since(Clock::time_point start) {
    return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

class Stopwatch {
  public:
    explicit Stopwatch(Part part) noexcept : part_(part) {
        if (watch.running) start_ = Clock::now();
    }
    ~Stopwatch() {
        if (watch.running) watch.spent[part_] += since(start_) - watch.reading;
    }
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;

  private:
    Part part_;
    Clock::time_point start_;
};

// The kernel of that place in the table, under the watch of its part; products belong to the tier that asks for them.
template <auto place, Part part>
struct Timed;
template <class Result, class... Arguments, Result (*Kernels::*place)(Arguments...) noexcept, Part part>
struct Timed<place, part> {
    static Result call(Arguments... arguments) noexcept {
        const Stopwatch stopwatch(part == sample_products && watch.in_tiers ? tier_products : part);
        return (watch.kernels->*place)(arguments...);
    }
};

template <auto place, Part part>
void time(Kernels& table) {
    table.*place = Timed<place, part>::call;
}

Kernels timed(const Kernels& kernels) {
    Kernels table = kernels;
    time<&Kernels::dense, sample_products>(table);
    time<&Kernels::gather, sample_products>(table);
    time<&Kernels::dense_half, sample_products>(table);
    time<&Kernels::gather_half, sample_products>(table);
    time<&Kernels::sparse, sample_products>(table);
    time<&Kernels::dense8, sample_products>(table);
    time<&Kernels::sparse8, sample_products>(table);
    time<&Kernels::dense4, sample_products>(table);
    time<&Kernels::quantise, quantising>(table);
    time<&Kernels::nonzero, quantising>(table);
    time<&Kernels::add_rows, tables>(table);
    time<&Kernels::gru, gates>(table);
    time<&Kernels::gru_gates, gates>(table);
    time<&Kernels::gru_candidate, gates>(table);
    time<&Kernels::lstm, gates>(table);
    time<&Kernels::min_gru, gates>(table);
    return table;
}

double reading_of_clock() {
    std::array<double, 1001> between;
    for (auto& us : between) us = since(Clock::now());
    std::nth_element(between.begin(), between.begin() + 500, between.end());
    return between[500];
}

class Player {
  public:
    Player(std::shared_ptr<const Model> model, int voices)
        : state_(std::move(model), voices), levels_(static_cast<std::size_t>(voices)) {}
    void step() {
        watch.in_tiers = false;
        state_.logits();
        {
            const Stopwatch stopwatch(drawing);
            for (std::size_t v = 0; v < levels_.size(); ++v) {
                const double uniform = dsp::random_uniform(1, v, drawn_);
                levels_[v] = draw(state_.logits(static_cast<int>(v)), 1, uniform, *watch.kernels);
            }
        }
        ++drawn_;
        watch.in_tiers = true;
        state_.push(levels_);
    }

  private:
    RunState state_;
    std::vector<int> levels_;
    std::uint64_t drawn_ = 0;
};

}  // namespace

std::vector<Stage> profile(const Checkpoint& checkpoint, Precision precision, const Kernels& kernels, int voices,
                           double seconds) {
    const NoDenormals no_denormals;
    const Kernels table = timed(kernels);
    watch.kernels = &kernels;
    watch.reading = reading_of_clock();
    Player player(std::make_shared<const Model>(checkpoint, precision, table), voices);
    const int frame = checkpoint.config.tiers.back().frame;
    // Microseconds a step; whole frames, one at least.
    const auto play = [&](bool under_watch) {
        watch.running = under_watch;
        watch.spent = {};
        const auto start = Clock::now();
        int steps = 0;
        do {
            for (int i = 0; i < frame; ++i) player.step();
            steps += frame;
        } while (since(start) < seconds * 1e6 / (2 * rounds));
        watch.running = false;
        for (auto& us : watch.spent) us = std::max(0.0, us / steps);
        return since(start) / steps;
    };
    play(true);  // warms
    auto spent = watch.spent;
    double whole = play(false);
    for (int round = 1; round < rounds; ++round) {
        play(true);
        for (std::size_t i = 0; i < spent.size(); ++i) spent[i] = std::min(spent[i], watch.spent[i]);
        whole = std::min(whole, play(false));
    }
    std::vector<Stage> stages;
    for (std::size_t i = 0; i < spent.size(); ++i) stages.push_back({names[i], spent[i]});
    stages.push_back({"all else", std::max(0.0, whole - std::accumulate(spent.begin(), spent.end(), 0.0))});
    return stages;
}

}  // namespace legume::samplernn

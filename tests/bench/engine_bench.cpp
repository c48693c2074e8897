// The engine beside LibTorch in one run: the same networks, one core, sample by sample. Prints how much faster it is.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graph/base/denormals.h"
#include "nodes/dsp/random.h"
#include "nodes/samplernn/checkpoint/random_network.h"
#include "nodes/samplernn/engine/engine.h"
#include "nodes/samplernn/engine/generator.h"
#include "nodes/samplernn/torch/network.h"
#include "tests/bench/reference.h"

namespace {

using namespace legume::samplernn;

constexpr double same = 1e-3;  // logits of the two may differ by this
constexpr double sparse = 0.9;

struct Setup {
    const char* name;
    const char* shape;
    std::vector<int> voices;
};
const Setup setups[] = {
    {"pocket: D=256 4/16", "dim=256 frames=4/16 rate=22050", {1, 4, 8}},
    {"stage: D=512 4/16", "dim=512 frames=4/16 rate=22050", {1}},
    {"the piece: D=1024 2/8", "dim=1024 frames=2/8 rate=22050 reset=before top_projection=no", {1}},
};
struct Variant {
    const char* name;
    Precision precision;
    bool pruned;
};
constexpr Variant variants[] = {{"fp32 dense", Precision::fp32, false},
                                {"int8 dense", Precision::int8, false},
                                {"int4 dense", Precision::int4, false},
                                {"fp32 90 % sparse", Precision::fp32, true},
                                {"int8 90 % sparse", Precision::int8, true}};
constexpr const char* libtorch = "LibTorch";

// Folded when first asked for: a filter spares what it leaves out.
std::shared_ptr<const Model> model_of(const Setup& setup, const Variant& variant) {
    static std::map<std::string, std::shared_ptr<const Model>> kept;
    auto& model = kept[std::string(setup.name) + variant.name];
    if (!model) {
        auto shape = parse_shape(setup.shape);
        shape.sparsity = variant.pruned ? sparse : 0;
        model = std::make_shared<const Model>(random_network(shape), variant.precision);
    }
    return model;
}

// Exits when the two do not compute the same, since then their times say nothing.
void compare(const Setup& setup, Reference& reference) {
    RunState engine(model_of(setup, variants[0]));
    const int levels = engine.model().config.levels;
    double worst = 0;
    for (std::uint64_t t = 0; t < 50; ++t) {
        const auto theirs = reference.logits();
        const auto ours = engine.logits();
        for (std::size_t i = 0; i < theirs.size(); ++i) {
            worst = std::max(worst, std::abs(static_cast<double>(ours[i]) - static_cast<double>(theirs[i])));
        }
        const auto level = static_cast<int>(legume::dsp::random_bits(1, 0, t) % static_cast<unsigned>(levels));
        reference.push(level);
        engine.push(level);
    }
    if (worst <= same) return;
    std::fprintf(stderr, "%s: logits differ by %g from LibTorch's, more than %g\n", setup.name, worst, same);
    std::exit(1);
}

Reference& reference_of(const Setup& setup) {
    static std::map<std::string, std::unique_ptr<Reference>> kept;
    auto& reference = kept[setup.name];
    if (!reference) {
        const auto checkpoint = random_network(parse_shape(setup.shape));
        Reference judged(checkpoint);
        compare(setup, judged);
        reference = std::make_unique<Reference>(checkpoint);
    }
    return *reference;
}

void count(benchmark::State& state) {  // of each voice
    const auto samples = static_cast<double>(state.iterations());
    state.counters["samples_per_second"] = {samples, benchmark::Counter::kIsRate};
    state.counters["real_time_22050"] = {samples / 22'050, benchmark::Counter::kIsRate};
    state.counters["real_time_44100"] = {samples / 44'100, benchmark::Counter::kIsRate};
}

void bench_libtorch(benchmark::State& state, const Setup& setup) {
    auto& reference = reference_of(setup);
    const legume::NoDenormals no_denormals;
    for (auto _ : state) benchmark::DoNotOptimize(reference.draw());
    count(state);
}

void bench_engine(benchmark::State& state, const Setup& setup, const Variant& variant, int voices) {
    Generator generator(model_of(setup, variant), 1, voices);
    const std::vector<Sampling> chances(static_cast<std::size_t>(voices));
    std::vector<float> samples(static_cast<std::size_t>(voices));
    const legume::NoDenormals no_denormals;
    for (auto _ : state) {
        generator.next(chances, samples);
        benchmark::DoNotOptimize(samples.data());
    }
    count(state);
}

std::string name_of(const Setup& setup, const std::string& what, int voices) {
    return std::string(setup.name) + "/" + what + "/" + std::to_string(voices);
}

// Shows each case's median alone, and keeps it.
class Medians : public benchmark::ConsoleReporter {
  public:
    Medians() : ConsoleReporter(OO_Tabular) {}
    void ReportRuns(const std::vector<Run>& runs) override {
        std::vector<Run> shown;
        for (auto run : runs) {
            if (run.aggregate_name != "median" && run.repetitions > 1) continue;
            run.run_name.min_time.clear();
            run.run_name.repetitions.clear();
            run.aggregate_name.clear();
            run.run_type = Run::RT_Iteration;
            shown.push_back(run);
            const auto found = run.counters.find("samples_per_second");
            if (found != run.counters.end()) rates_[run.run_name.function_name] = found->second.value;
        }
        ConsoleReporter::ReportRuns(shown);
    }
    // Samples a second, 0 for what a filter left out.
    double rate(const std::string& name) const {
        const auto found = rates_.find(name);
        return found == rates_.end() ? 0 : found->second;
    }

  private:
    std::map<std::string, double> rates_;
};

// By the time that the CPU gave, so that what else the machine does counts little.
void print_ratios(const Medians& medians) {
    std::printf("\n%-22s %-17s %6s %11s %14s %14s %9s\n", "network", "engine", "voices", "samples/s", "at 22.05 kHz",
                "at 44.1 kHz", "LibTorch");
    const auto line = [&](const Setup& setup, const char* what, int voices) {
        const double rate = medians.rate(name_of(setup, what, voices));
        const double theirs = medians.rate(name_of(setup, libtorch, 1));
        if (rate == 0) return;
        std::printf("%-22s %-17s %6d %11.0f %12.2f x %12.2f x ", setup.name, what, voices, rate, rate / 22'050,
                    rate / 44'100);
        // All voices together, each of which LibTorch would have to make one after the other.
        if (theirs > 0) std::printf("%7.1f x", voices * rate / theirs);
        std::printf("\n");
    };
    for (const auto& setup : setups) {
        line(setup, libtorch, 1);
        for (const auto& variant : variants) {
            for (const int voices : setup.voices) line(setup, variant.name, voices);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<char*> arguments(argv, argv + argc);
    // The sides take turns, so that a busy minute of the machine falls on both.
    std::string take_turns = "--benchmark_enable_random_interleaving=true";
    arguments.insert(arguments.begin() + 1, take_turns.data());
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 1;
    set_threads(1);

    const auto add = [](const std::string& name, std::function<void(benchmark::State&)> work) {
        benchmark::RegisterBenchmark(name.c_str(), std::move(work))
            ->Unit(benchmark::kMicrosecond)
            ->MinTime(0.2)
            ->Repetitions(7)
            ->ReportAggregatesOnly();
    };
    for (const auto& setup : setups) {
        add(name_of(setup, libtorch, 1), [&](benchmark::State& state) { bench_libtorch(state, setup); });
        for (const auto& variant : variants) {
            for (const int voices : setup.voices) {
                add(name_of(setup, variant.name, voices),
                    [&, voices](benchmark::State& state) { bench_engine(state, setup, variant, voices); });
            }
        }
    }
    Medians medians;
    benchmark::RunSpecifiedBenchmarks(&medians);
    print_ratios(medians);
    return 0;
}

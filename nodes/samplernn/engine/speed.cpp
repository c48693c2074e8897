// Runs a network against the clock, and says how it did.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine/speed.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "graph/abilities.h"
#include "graph/base/denormals.h"
#include "graph/base/math.h"
#include "nodes/samplernn/engine/generator.h"

namespace legume::samplernn {
namespace {

constexpr int stretches = 10;

double seconds_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Speed measure_speed(const std::shared_ptr<const Model>& model, int voices, int cores, double seconds) {
    const NoDenormals no_denormals;
    Generator generator(model, 1, voices, 0, cores);
    const std::vector<Sampling> chances(static_cast<std::size_t>(voices));
    std::vector<float> samples(static_cast<std::size_t>(voices));
    const int whole = model->config.tiers.back().frame;  // every tier steps in it
    Speed best;
    const double end = seconds_now() + seconds;
    do {
        const double began = seconds_now();
        double spent = 0;
        std::int64_t made = 0;
        do {
            for (int i = 0; i < whole; ++i) generator.next(chances, samples);
            made += whole;
            spent = seconds_now() - began;
        } while (spent < seconds / stretches);
        best.samples_per_second = std::max(best.samples_per_second, static_cast<double>(made) / std::max(spent, 1e-9));
    } while (seconds_now() < end);
    return best;
}

std::shared_ptr<const Speed> shared_speed(Store& store, const std::shared_ptr<const Model>& model, int voices,
                                          int cores) {
    return store.get<Speed>(speed_key(*model, voices, cores),
                            [&] { return std::make_shared<const Speed>(measure_speed(model, voices, cores)); });
}

std::string speed_key(const Model& model, int voices, int cores) {
    return std::to_string(reinterpret_cast<std::uintptr_t>(&model)) + " " + std::to_string(voices) + " " +
           std::to_string(cores);
}

int semitones_down(double real_time) {
    if (real_time >= real_time_factor_needed) return 0;
    return static_cast<int>(-math::floor(12 * math::log2(real_time / real_time_factor_needed)));
}

std::string speed_line(const Speed& speed, const Model& model, int voices, int cores, int networks) {
    const double times = speed.real_time(model);
    char text[96];
    std::snprintf(text, sizeof text, times >= 10 ? "%.0f" : times >= 1 ? "%.1f" : "%.2f", times);
    const Range hertz{.unit = Unit::hertz};
    return (networks > 1 ? std::to_string(networks) + " networks at once, " : "") +
           (voices > 1 ? std::to_string(voices) + " voices, " : "") + text + " x real time at " +
           hertz.print(static_cast<float>(model.config.sample_rate)) + " (" + precision_name(model.precision) + ", " +
           model.kernels.isa + (cores > 1 ? ", two cores)" : ")");
}

std::string speed_help(const Model& model, int voices) {
    return std::string(model.precision == Precision::fp32 ? "precision: int8, " : "") +
           (voices > 1 ? "fewer voices, " : "") + "a pruned or smaller model, or one of a lower sample rate";
}

}  // namespace legume::samplernn

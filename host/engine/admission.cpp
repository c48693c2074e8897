// Adds up what the generators of a patch ask of the workers.
// SPDX-License-Identifier: MIT
#include "host/engine/admission.h"

#include <cstdio>

#include "graph/abilities.h"
#include "graph/base/math.h"
#include "graph/compile.h"
#include "host/engine/pool.h"
#include "host/system/command.h"

namespace legume {
namespace {

constexpr double measuring_rate = 48'000;  // of the device that is not there

}  // namespace

std::vector<std::string> admission(const Schedule& schedule, int threads) {
    std::vector<std::string> lines;
    double sum = 0, most = 0;
    int generators = 0;
    std::string heaviest;
    const auto& plan = schedule.plan();
    for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
        const auto* generator = as<GeneratesAhead>(*plan.nodes[i]);
        if (!generator) continue;
        const auto pace = generator->real_time_factor();
        if (pace.speed.empty()) continue;
        const auto& id = plan.ids[i];
        const double latency = plan.nodes[i]->latency_frames() * 1000 / schedule.rate();
        lines.push_back(
            id + ": " + pace.speed +
            (latency > 0 ? "; " + print_number(math::round_even(latency)) + " ms from a knob to its sound" : ""));
        if (!pace.short_of.empty()) lines.push_back(id + ": " + pace.short_of + "; what helps: " + pace.help);
        sum += pace.load;
        generators += pace.load > 0;
        if (pace.load <= most) continue;
        most = pace.load;
        heaviest = id + ": " + pace.help;
    }
    if (generators < 2) return lines;
    char text[120];
    std::snprintf(text, sizeof text, "the generators together need %.1f of %d worker thread%s", sum, threads,
                  threads == 1 ? "" : "s");
    std::string line = text;
    if (sum * real_time_factor_needed > threads)
        line += ", which is too much: they will fall behind and cover it with grains. What helps most, for " + heaviest;
    lines.push_back(line);
    return lines;
}

bool measure_patch(Checked checked) {
    Store store;
    const auto seed = choose_seed({}, checked.patch);
    const auto tell = [](const std::string& id, const std::string& line) {
        std::fprintf(stderr, "%s: %s\n", id.c_str(), line.c_str());
    };
    const auto compiled = compile(std::move(checked), {measuring_rate, seed, store, tell, true});
    if (print_problems(compiled.problems)) return false;
    for (const auto& line : admission(*compiled.schedule, generate_threads())) std::printf("%s\n", line.c_str());
    return true;
}

}  // namespace legume

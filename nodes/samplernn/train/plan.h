// What a training run would take and whether its network will play, said before the first step.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nodes/samplernn/checkpoint/random_network.h"
#include "nodes/samplernn/train/bench_result.h"
#include "nodes/samplernn/train/train.h"

namespace legume::samplernn {

// The stopwatches, so that a test can do without.
struct Measuring {
    std::function<double(const Config&)> train;       // samples a second, in updates of the run's batch and window
    std::function<double(const NetworkShape&)> play;  // samples a second of one voice in int8
    double memory = 0;                                // bytes that this machine has; 0: not known
};

// Lines for the player. `player` is the machine that will play, when it is not this one; throws ModelError when it
// measured a network of another shape.
std::vector<std::string> plan(const TrainSettings& settings, const Corpus& corpus, const Measuring& measuring,
                              const std::optional<BenchResult>& player);

double play_speed(const NetworkShape& shape);  // of a network of random weights, in this machine's engine

std::string time_text(double seconds);  // "5 days", "1 h 20 min", "3 min 05 s"

}  // namespace legume::samplernn

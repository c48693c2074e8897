// A training run: windows of the corpus in, checkpoints with their takes out; stopped and resumed at any step.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include "graph/base/say.h"
#include "nodes/samplernn/train/corpus.h"
#include "nodes/samplernn/train/train.h"

namespace legume::samplernn {

class TrainError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// After every step.
struct TrainProgress {
    std::int64_t step = 0;
    double share = 0;       // of the run, 0..1
    double train_bits = 0;  // a sample, mean of the last steps
    std::optional<double> held_out_bits;
    double samples_per_second = 0;
    double seconds_left = 0;
    bool measured = false;             // held_out_bits is new
    std::filesystem::path checkpoint;  // written just now; else empty
};

enum class Outcome { finished, stopped, was_finished };

struct Watching {
    Say tell;  // lines for the player
    std::function<void(const TrainProgress&)> progress;
    std::function<bool()> stop;  // asked between steps; true: save and return
};

// Goes on where the run folder's resume file stands. The same settings, corpus, seed and threads give the same
// checkpoint bytes, stopped in between or not, when steps (and not minutes) limits the run.
// Throws TrainError: another run's folder, not writable, weights that stopped being numbers (nothing is written then).
Outcome train(const TrainSettings& settings, const Corpus& corpus, const Watching& watching);

}  // namespace legume::samplernn

// What a train node asks for, for those who do it. No LibTorch here.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "graph/node.h"
#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/train/corpus.h"
#include "nodes/samplernn/train/learning.h"

namespace legume {
extern const NodeType train_node;
}

namespace legume::samplernn {

struct TrainSettings : CorpusSettings {
    Config config;  // what it says about a run is filled in by the run
    Learning learning;
    std::vector<std::filesystem::path> files;
    double seconds = 0;             // of what is wired in; 0: nothing
    std::filesystem::path run;      // folder for checkpoints, takes, log and resume
    int window = 1024;              // samples through which the gradient runs back
    int batch = 16;                 // streams learned side by side
    std::int64_t steps = 0;         // 0: no limit
    double minutes = 0;             // 0: no limit
    double prune = 0;               // share of the prunable matrices' blocks that are zero
    std::optional<double> overlap;  // of the stretches that are learned; none: they begin by chance
    double learning_rate = 1e-3;
    std::int64_t every = 0;  // updates between checkpoints; 0: dense at first, `usual_checkpoints` over the run
    int keep = 0;            // checkpoints; 0: all
    std::string patch;       // its text, to be kept with the run; empty: none
    int takes = 11;          // of each checkpoint
    double take_seconds = 2;
    Storage storage = Storage::f32;
    double memory = 6e9;  // bytes that learning may take
    std::string device = "auto";
    std::optional<std::uint64_t> seed;  // none: the run's own, or a new one
    bool accept_corpus = false;         // goes on with other sound than the run began with
    bool accept_changes = false;        // goes on with another learning_rate, window or overlap
    int threads = 0;                    // 0: as many as the run began with, or the machine has cores
};

// The train node, as legume-train sees it.
class Trainee {
  public:
    virtual ~Trainee() = default;
    virtual TrainSettings settings() const = 0;  // run is empty when the patch names none
    virtual std::uint64_t own_seed() const = 0;
    // Before the first block: keep what is wired in, up to `seconds`. Elsewhere the node is idle.
    virtual void listen() = 0;
    virtual bool listened() const = 0;  // all of it
    virtual Heard heard() = 0;          // moves it out
};

}  // namespace legume::samplernn

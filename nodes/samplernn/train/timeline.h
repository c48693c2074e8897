// What a training run leaves behind as it grows: checkpoints on their schedule, and takes made while it goes on.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "graph/base/say.h"
#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/train/train.h"

namespace legume::samplernn {

inline constexpr int usual_checkpoints = 80;

// The share of the run after which checkpoint k of n is written. What a network has learned grows about with a root of
// its updates: steps that are equal to the ear lie closer together at first, and the cube of k has half of them in the
// run's first eighth.
double checkpoint_share(int k, int n);
// Whether one is due after update `step`, which took the run from one share to another.
bool checkpoint_due(const TrainSettings& settings, std::int64_t step, double before, double now);
// How many a run of so many updates writes.
double checkpoint_count(const TrainSettings& settings, double steps);

// Makes the run's folders; throws ModelError when they cannot be made.
void begin_timeline(const std::filesystem::path& run);

// Checkpoints are written by whoever calls; a thread of its own makes their takes from the files, oldest first, and
// then thins them out to `keep`. What was there already is neither made again nor written over, so that a run which
// goes on makes what is missing. A take that cannot be made is told, ends nothing, and is tried again at the end.
class Timeline {
  public:
    using Stop = std::function<bool()>;

    Timeline(const TrainSettings& settings, std::uint64_t seed, Say tell);
    ~Timeline();  // at once; the takes that are missing are left for when the run goes on
    Timeline(const Timeline&) = delete;
    Timeline& operator=(const Timeline&) = delete;

    // Writes a checkpoint, named by its step, and gives its file. Waits while the takes are more than two checkpoints
    // behind, unless `stop` says so. Throws ModelError.
    std::filesystem::path add(const Checkpoint& checkpoint, const Stop& stop);
    // Waits for all takes; false: `stop` said so before they were made.
    bool finish(const Stop& stop);

  private:
    bool wait(std::size_t behind, const Stop& stop);
    void look_at_all();  // the mutex is held, or nobody else is there yet
    void work();
    void make_takes(const std::filesystem::path& checkpoint);
    void thin(std::int64_t step) const;

    const TrainSettings& settings_;
    const std::uint64_t seed_;
    const Say tell_;  // also from that thread
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::filesystem::path> waiting_;  // the first is being worked on
    bool ending_ = false;
    std::atomic<bool> failed_{false};
    std::thread worker_;
};

}  // namespace legume::samplernn

// All that a training run needs to go on as if it had never stopped, in one file that is never half written.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace legume::samplernn {

// Where one stream of a batch stands in the corpus.
struct StreamPlace {
    std::uint64_t drawn = 0;  // places it was sent to so far
    std::uint64_t passage = 0;
    std::uint64_t at = 0;    // next level to learn
    std::uint64_t left = 0;  // levels before it is sent elsewhere
};

struct Resume {
    std::string run;  // what must be the same to go on, one "name value" a line
    std::uint64_t seed = 0;
    std::int64_t step = 0;
    double seconds = 0;   // spent so far
    double share = 0;     // of the run as it was planned
    double held_out = 0;  // newest held-out NLL; negative: none
    double bits_sum = 0;  // of the steps since the log's last row
    std::int64_t bits_count = 0;
    std::vector<StreamPlace> streams;
    std::vector<float> network;  // Network::save
    std::vector<float> states;   // States::save
    std::vector<double> guard;   // SpikeGuard::save
};

// Both throw std::runtime_error with the reason. Reading gives nothing when there is no file.
void write_resume(const std::filesystem::path& file, const Resume& resume);
std::optional<Resume> read_resume(const std::filesystem::path& file);

// Holds a run's folder, so that no two programs train in it; whatever ends a program sets it free. Throws
// std::runtime_error when another holds it.
class RunLock {
  public:
    explicit RunLock(const std::filesystem::path& run);
    ~RunLock();
    RunLock(const RunLock&) = delete;
    RunLock& operator=(const RunLock&) = delete;

  private:
    int descriptor_ = -1;
};

// Takes away the halves of files that a killed writer left in a run's folders.
void sweep(const std::filesystem::path& run);

}  // namespace legume::samplernn

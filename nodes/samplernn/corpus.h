// The sound a network learns from: files of any kind as one mono stream of levels each, the end of each held out.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "nodes/samplernn/model.h"

namespace legume::samplernn {

class CorpusError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Passage {
    std::string name;                   // the file's path as it was given, for messages
    std::vector<std::uint16_t> levels;  // at the config's sample rate
    std::size_t learn = 0;              // levels before this one are learned; the rest is held out
};

struct Corpus {
    std::vector<Passage> passages;
    std::string hash;         // of all levels, 16 hexadecimal digits
    double entropy_bits = 0;  // of the histogram of levels: what guessing without listening costs a sample
    double seconds = 0;
};

// What was wired into a train node, mono.
struct Heard {
    double rate = 0;
    std::vector<float> samples;
};

class CorpusMaker {
  public:
    // `held_out` is the share of each passage that is kept for measuring; `tell` gets a line about each file left out.
    CorpusMaker(const Config& config, double held_out, std::function<void(std::string)> tell);
    void add(const std::filesystem::path& file_or_folder);  // a folder's sound files in the order of their names
    void add(const Heard& heard);
    // Throws CorpusError when no passage is as long as `window` samples to learn from (and to hold out).
    Corpus finish(int window);

  private:
    void add_file(const std::filesystem::path& file);
    void add_mono(std::string name, std::vector<float> mono, double rate);
    Config config_;
    double held_out_;
    std::function<void(std::string)> tell_;
    std::size_t tried_ = 0;
    std::vector<Passage> passages_;
};

}  // namespace legume::samplernn

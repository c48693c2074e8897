// The sound a network learns from: files of any kind as one mono stream of levels each, the end of each held out.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "graph/base/say.h"
#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/train/recording.h"
#include "nodes/samplernn/train/sources.h"

namespace legume::samplernn {

class CorpusError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Passage {
    std::string name;       // the file's path as it was given, for messages
    Recording levels;       // at the config's sample rate
    std::size_t learn = 0;  // levels before this one are learned; the rest is held out
};

struct Corpus {
    std::vector<Passage> passages;
    std::string hash;                   // of all levels, 16 hexadecimal digits
    double entropy_bits = 0;            // of the histogram of levels: what guessing without listening costs a sample
    double seconds = 0;                 // of which
    double learn_seconds = 0;           // are learned; the rest is held out
    std::vector<std::string> left_out;  // files, each with its reason
    std::vector<SourceFile> sources;    // files that hold sound, too short ones as well
};

// What was wired into a train node, mono.
struct Heard {
    double rate = 0;
    std::vector<float> samples;
};

enum class Loudness { kept, per_file, per_set };

struct CorpusSettings {
    double held_out = 0.1;  // share of each passage's end that is kept for measuring
    int channel = 0;        // 1 to 16; 0: the mean of all
    // One gain for each file, or for all of them, that brings the sound to loudness_db, or its peak to full scale.
    Loudness loudness = Loudness::kept;
    std::optional<double> trim_db;   // what swings less is silence: cut from both ends, and shortened inside
    bool strict = false;             // a file that would be left out is an error
    std::vector<double> speeds;      // of a further copy of each file, 1 being its own
    std::vector<double> gain_range;  // {low, high} in dB: copies get a gain from there; without speeds, one copy does
    std::uint64_t gain_seed = 0;
    std::filesystem::path cache;  // folder that keeps the levels, so that files are decoded once; empty: none
};

inline constexpr double loudness_db = -20;  // RMS of what is not silence

// What trimming leaves of silence, in seconds.
inline constexpr double silence_at_ends = 0.05;
inline constexpr double silence_inside = 0.5, longest_silence = 1;  // only longer ones are shortened

class CorpusMaker {
  public:
    // `tell` gets a line about each file that is left out, `show` the share of the files that is done.
    CorpusMaker(const Config& config, CorpusSettings settings, Say tell, std::function<void(double)> show = {});
    CorpusMaker(const Config& config, double held_out, Say tell);
    void add(const std::filesystem::path& file_or_folder);  // a folder's sound files in the order of their names
    void add(SourceFile source);                            // learned as the file of this name
    void add(Heard heard);
    // Throws CorpusError when no passage is as long as `window` samples to learn from (and to hold out), and when a
    // file's levels cannot be written. Holds one piece of one file at a time; the levels are in files.
    Corpus finish(int window);

  private:
    struct Source {
        std::string name;
        std::filesystem::path file;
        std::shared_ptr<const Heard> heard;  // instead of a file
    };
    struct Survey;
    struct Copy {
        double speed, gain;
    };
    std::vector<Copy> copies(const Source& source) const;
    std::filesystem::path file_of(const Source& source, const Copy& copy) const;
    std::vector<Recording> kept(const Source& source) const;
    Survey survey(const Source& source) const;  // throws SoundError
    std::optional<Survey> try_survey(const Source& source);
    double gain(const Survey& survey) const;
    Recording record(const Source& source, const Survey& survey, double gain, double speed,
                     const std::filesystem::path& file) const;
    std::vector<Passage> passages();
    void leave_out(const std::string& line);

    Config config_;
    CorpusSettings settings_;
    Say tell_;
    std::function<void(double)> show_;
    std::vector<Source> sources_;
    std::vector<std::string> left_out_;
};

}  // namespace legume::samplernn

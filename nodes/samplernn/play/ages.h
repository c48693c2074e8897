// Plays a run at any of its ages: reads checkpoints for it, keeps the last used, and puts the two that sound in step.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/base/ring.h"
#include "graph/node.h"
#include "nodes/samplernn/play/stream.h"
#include "nodes/samplernn/play/walk.h"
#include "nodes/samplernn/takes/run.h"

namespace legume::samplernn {

class Ages {
  public:
    // `missing` answers 0, or 1 + the number of the checkpoint that it goes to while another is not there in time;
    // `found` 1 + the number of one that appeared and is taken up. Both are asked before each block.
    Ages(TimingDecision& missing, TimingDecision& found) : missing_(missing), found_(found) {}

    // ---- control thread, before the first block

    // Reads a checkpoint; throws ModelError.
    using Read = std::function<std::unique_ptr<RunState>(const std::filesystem::path& file)>;
    struct Setup {
        Run run;
        double age = 1;                // where it begins
        double block_seconds = 0;      // of sound
        bool live = false;             // what is not there yet need not be waited for
        std::filesystem::path follow;  // the run's folder, when new checkpoints are taken up as they appear; where it
                                       // is not live, when `found` says so
        Read read;
        std::function<void(std::string)> tell;
    };
    void open(Setup setup);                                                  // throws ModelError
    std::span<const Part> parts() const { return {parts_.data(), count_}; }  // that sound

    // ---- worker of the pool `generate`, before each block

    // Goes towards that age. False: a checkpoint must come first; ask again.
    bool go(double age, Stream& stream);
    void begin_again(Stream& stream);  // where it began, at once
    double heard() const { return age_of(ages_, place_); }

    // ---- worker of the pool `io`

    bool read();  // one checkpoint at the most

  private:
    struct Kept {
        std::size_t number = 0;           // of the run's checkpoints
        std::unique_ptr<RunState> state;  // none: it cannot be read
        double age = -1;                  // of one that has just appeared
        std::size_t bytes = 0;
        std::uint64_t used = 0;
    };
    struct Wishes {
        std::array<std::uint16_t, 8> numbers{};
        std::size_t count = 0;
        void add(std::size_t number);
        bool holds(std::size_t number) const;
    };
    std::unique_ptr<Kept> load(std::size_t number);  // says what is wrong
    bool watch(int patience);                        // looks at a checkpoint that cannot be read

    void receive();
    void adopt();
    bool take_up();
    void forget(std::size_t number);
    void let_go(const Wishes& wishes);
    Kept* kept(std::size_t at);
    bool ready(const AgePlace& place) { return kept(place.low) && kept(place.high); }
    std::size_t nearest(double age);
    void wish(const AgePlace& next, double age);
    void sound(const AgePlace& place);

    Setup setup_;
    TimingDecision &missing_, &found_;

    // generate
    std::vector<double> ages_;          // of those that can be had
    std::vector<std::size_t> numbers_;  // of each of them
    std::vector<std::unique_ptr<Kept>> kept_, appeared_;
    std::vector<std::size_t> first_numbers_;
    float first_share_ = 0;
    AgePlace place_;
    std::array<Part, 2> parts_;
    std::size_t count_ = 0;
    std::uint64_t asked_ = 0, answer_ = 0;
    bool deciding_ = true, moved_ = false, following_ = false;
    bool awaits_ = false;  // a checkpoint that was found, to take up before anything else
    double last_age_ = 1;
    bool up_ = false;  // it was last moved to a higher age

    // io
    std::vector<std::filesystem::path> files_;  // by number
    std::vector<bool> given_;                   // and not come back
    Config like_;                               // what a new one must be like
    std::vector<std::filesystem::path> odd_;    // appeared and could not be read, so far
    std::int64_t watched_ = 0;                  // when, in seconds

    Latest<Wishes> wishes_;               // generate -> io
    std::atomic<bool> wants_new_{false};  // likewise: offline, the next of the folder
    Retired<Kept> arriving_, leaving_;
};

}  // namespace legume::samplernn

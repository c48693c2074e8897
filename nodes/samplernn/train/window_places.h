// Where a stretch of learning begins: anywhere by chance, or on a grid, every place before any comes again.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "nodes/samplernn/train/corpus.h"

namespace legume::samplernn {

struct CorpusPlace {
    std::uint64_t passage = 0, at = 0;
};

class WindowPlaces {
  public:
    // Every place has a window after it, and every passage a window at least. Places of a grid are `stretch` samples
    // apart, less the share that overlaps.
    WindowPlaces(const Corpus& corpus, std::uint64_t window, std::uint64_t stretch, std::optional<double> overlap,
                 std::uint64_t seed);
    // The `drawn`th place of one of so many streams.
    CorpusPlace draw(std::uint64_t stream, std::uint64_t streams, std::uint64_t drawn) const;
    std::uint64_t count() const { return count_; }

  private:
    std::uint64_t shuffled(std::uint64_t number) const;
    std::uint64_t step_ = 1, count_ = 0;
    bool grid_;
    std::uint64_t seed_;
    std::vector<std::uint64_t> counts_;  // of each passage
};

}  // namespace legume::samplernn

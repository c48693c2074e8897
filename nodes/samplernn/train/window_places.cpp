// Draws places from counters, so that a resume needs no generator's state.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train/window_places.h"

#include <algorithm>
#include <numeric>

#include "nodes/dsp/random.h"

namespace legume::samplernn {

WindowPlaces::WindowPlaces(const Corpus& corpus, std::uint64_t window, std::uint64_t stretch,
                           std::optional<double> overlap, std::uint64_t seed)
    : grid_(overlap), seed_(seed) {
    if (grid_)
        step_ = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(static_cast<double>(stretch) * (1 - *overlap)));
    for (const auto& passage : corpus.passages) {
        counts_.push_back((passage.learn - window) / step_ + 1);
        count_ += counts_.back();
    }
}

// The numbers of one round, in an order of its own: steps of a length that shares no factor with their count.
std::uint64_t WindowPlaces::shuffled(std::uint64_t number) const {
    const std::uint64_t round = number / count_, stream = ~std::uint64_t{0} - round;  // far from the streams' own
    const auto draw = [&](std::uint64_t counter) {
        return static_cast<std::uint64_t>(dsp::random_uniform(seed_, stream, counter) * static_cast<double>(count_));
    };
    std::uint64_t counter = 1, pace = 1;
    while (count_ > 1 && std::gcd(pace = draw(counter), count_) != 1) ++counter;
    const std::uint64_t at = draw(0);
    // number * pace could overflow only for corpora of some years.
    return (at + (number % count_) * pace) % count_;
}

CorpusPlace WindowPlaces::draw(std::uint64_t stream, std::uint64_t streams, std::uint64_t drawn) const {
    auto start =
        grid_ ? shuffled(drawn * streams + stream)
              : static_cast<std::uint64_t>(dsp::random_uniform(seed_, stream, 2 * drawn) * static_cast<double>(count_));
    CorpusPlace place;
    for (; start >= counts_[place.passage]; ++place.passage) start -= counts_[place.passage];
    place.at = start * step_;
    return place;
}

}  // namespace legume::samplernn

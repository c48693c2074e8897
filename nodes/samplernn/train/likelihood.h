// How well a network guesses sound that it is given: the one number by which networks and precisions are compared.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "nodes/samplernn/engine/engine.h"
#include "nodes/samplernn/train/corpus.h"

namespace legume::samplernn {

// Mean negative log likelihood in bits a sample, teacher-forced from a fresh state: after each guess the network hears
// the level that was there. The first `skip` levels are heard and not counted. Throws ModelError when that is all.
double nll_bits(std::shared_ptr<const Model> model, std::span<const std::uint16_t> levels, std::size_t skip = 0);
double nll_bits(RunState& state, std::span<const std::uint16_t> levels);  // goes on after what the state has heard

// The parts of a corpus that were held out, at most so many samples of it, shared evenly: each passage gives the
// beginning of its part, and what a short one cannot give falls to the others.
std::vector<std::span<const std::uint16_t>> held_out(const Corpus& corpus, std::size_t at_most);

struct Likelihood {
    double bits = 0;  // a sample
    std::size_t samples = 0;
};
// Of all passages, each from a fresh state. `tell` gets the share that is done, now and then.
Likelihood held_out_nll(std::shared_ptr<const Model> model, const Corpus& corpus, std::size_t at_most,
                        const std::function<void(double)>& tell = {});

}  // namespace legume::samplernn

// A run state, a counter and a draw.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/generator.h"

#include <utility>

#include "nodes/dsp/random.h"

namespace legume::samplernn {

Generator::Generator(std::shared_ptr<const Model> model, std::uint64_t seed, std::uint64_t voice)
    : state_(std::move(model)), seed_(seed), voice_(voice) {}

float Generator::next(float temperature) noexcept {
    const double uniform = dsp::random_uniform(seed_, voice_, drawn_++);
    const int level = draw(state_.logits(), temperature, uniform, state_.model().kernels);
    state_.push(level);
    return state_.model().levels.amplitude(level);
}

void Generator::restart() noexcept {
    state_.reset();
    drawn_ = 0;
}

}  // namespace legume::samplernn

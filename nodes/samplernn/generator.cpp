// A run state, a counter and a draw.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/generator.h"

#include <utility>

#include "nodes/dsp/random.h"

namespace legume::samplernn {

Generator::Generator(std::shared_ptr<const Model> model, std::uint64_t seed, int voices, std::uint64_t first_voice,
                     int cores)
    : state_(std::move(model), voices, cores),
      seed_(seed),
      first_voice_(first_voice),
      levels_(static_cast<std::size_t>(voices)) {}

void Generator::next(std::span<const Chance> chances, std::span<float> samples) noexcept {
    const Model& model = state_.model();
    for (std::size_t v = 0; v < levels_.size(); ++v) {
        const double uniform = dsp::random_uniform(seed_, first_voice_ + v, drawn_);
        levels_[v] = draw(state_.logits(static_cast<int>(v)), chances[v], model.levels, uniform, model.kernels);
        samples[v] = model.levels.amplitude(levels_[v]);
    }
    ++drawn_;
    state_.push(levels_);
}

float Generator::next(const Chance& chance) noexcept {
    float sample = 0;
    next({&chance, 1}, {&sample, 1});
    return sample;
}

void Generator::go_on(std::uint64_t voice, std::span<const int> levels) {
    first_voice_ = voice;
    begin_take();
    for (const int level : levels) state_.push(level);
    beginning_ = state_.state();
    restart();
}

void Generator::restart() noexcept {
    if (!beginning_) return begin_take();
    state_.set_state(*beginning_);
    drawn_ = beginning_->position;
}

void Generator::begin_take() noexcept {
    state_.reset();
    drawn_ = 0;
}

}  // namespace legume::samplernn

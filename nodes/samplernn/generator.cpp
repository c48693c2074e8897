// Run states, a counter and a draw.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/generator.h"

#include <algorithm>
#include <utility>

#include "nodes/dsp/random.h"

namespace legume::samplernn {

Generator::Generator(std::shared_ptr<const Model> model, std::uint64_t seed, int voices, std::uint64_t first_voice,
                     int cores)
    : own_(std::make_unique<RunState>(std::move(model), voices, cores)),
      seed_(seed),
      first_voice_(first_voice),
      levels_(static_cast<std::size_t>(voices)) {
    const Part alone{own_.get()};
    play({&alone, 1});
}

Generator::Generator(std::span<const Part> parts, Mix mix, std::uint64_t seed)
    : mix_(mix), seed_(seed), levels_(static_cast<std::size_t>(parts[0].state->voices())) {
    play(parts);
}

void Generator::play(std::span<const Part> parts) noexcept {
    count_ = std::min(parts.size(), most_networks);
    float sum = 0;
    for (const auto& part : parts.first(count_)) sum += part.share;
    for (std::size_t i = 0; i < count_; ++i) parts_[i] = {parts[i].state, parts[i].share / sum};
}

void Generator::next(std::span<const Chance> chances, std::span<float> samples) noexcept {
    for (std::size_t v = 0; v < levels_.size(); ++v) {
        levels_[v] = level(static_cast<int>(v), chances[v], dsp::random_uniform(seed_, first_voice_ + v, drawn_));
        samples[v] = model().levels.amplitude(levels_[v]);
    }
    ++drawn_;
    for (const auto& part : parts()) part.state->push(levels_);
}

int Generator::level(int voice, const Chance& chance, double uniform) noexcept {
    if (mix_ == Mix::product) return draw(product(voice), chance, model().levels, uniform, model().kernels);
    // Which of them draws, and what it draws: one throw of the dice for both.
    const Part* drawing = nullptr;
    double from = 0, width = 1, sum = 0;
    for (const auto& part : parts()) {
        if (!(part.share > 0)) continue;
        if (drawing && uniform < sum) break;
        drawing = &part;
        from = sum;
        width = static_cast<double>(part.share);
        sum += width;
    }
    constexpr double below_1 = 1 - 0x1p-53;  // shares are rounded, and so may their sum be
    return draw(drawing->state->logits(voice), chance, model().levels, std::min((uniform - from) / width, below_1),
                model().kernels);
}

std::span<const float> Generator::product(int voice) noexcept {
    std::span<float> sum;
    for (const auto& part : parts()) {
        if (!(part.share > 0)) continue;
        const auto logits = part.state->logits(voice);
        if (part.share == 1) return logits;
        const bool first = sum.empty();
        sum = std::span(mixed_).first(logits.size());
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = (first ? 0.0f : sum[i]) + part.share * logits[i];
    }
    return sum;
}

float Generator::next(const Chance& chance) noexcept {
    float sample = 0;
    next({&chance, 1}, {&sample, 1});
    return sample;
}

double Generator::entropy(const Chance& chance) noexcept {
    if (mix_ == Mix::product) return samplernn::entropy(product(0), chance, model().kernels);
    double mean = 0;
    for (const auto& part : parts())
        if (part.share > 0)
            mean += static_cast<double>(part.share) * samplernn::entropy(part.state->logits(), chance, model().kernels);
    return mean;
}

void Generator::go_on(std::uint64_t voice, std::span<const int> levels) {
    first_voice_ = voice;
    begin_take();
    for (const auto& part : parts()) {
        for (const int level : levels) part.state->push(level);
        beginnings_.push_back(part.state->state());
    }
    restart();
}

void Generator::restart() noexcept {
    if (beginnings_.empty()) return begin_take();
    for (std::size_t i = 0; i < count_; ++i) parts_[i].state->set_state(beginnings_[i]);
    drawn_ = beginnings_[0].position;
}

void Generator::begin_take() noexcept {
    for (const auto& part : parts()) part.state->reset();
    drawn_ = 0;
}

}  // namespace legume::samplernn

// Steps the tiers on their frames, and makes the sample tier's logits.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine/engine.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

namespace legume::samplernn {

// ---------------------------------------------------------------- products in slices

void RunState::Later::begin(const Linear& linear, const Vectors& x, Vectors& middle, Rows& y, std::uint64_t now,
                            int samples) {
    linear_ = &linear;
    x_ = &x;
    middle_ = &middle;
    y_ = &y;
    now_ = now;
    samples_ = samples;
    done_ = 0;
}

void RunState::Later::make(const Kernels& kernels, int to) noexcept {
    const auto& [first, then] = *linear_;
    const int before = first.weight.slices();
    if (done_ < before) {
        const int end = std::min(to, before);
        first.weight.apply_slice(kernels, *x_, first.bias.data(), 0, middle_->of(0), middle_->stride(), false, done_,
                                 end);
        done_ = end;
        if (done_ == before) middle_->seal(kernels);
    }
    if (to > done_ && done_ >= before) {
        const Vectors& x = before ? *middle_ : *x_;
        then.weight.apply_slice(kernels, x, then.bias.data(), 0, y_->of(0), y_->stride(), false, done_ - before,
                                to - before);
        done_ = to;
    }
}

void RunState::Later::advance(const Kernels& kernels, std::uint64_t position) noexcept {
    if (!linear_) return;
    // The sample of the step itself has more to do than those after it: half a part.
    const int all = linear_->first.weight.slices() + linear_->then.weight.slices();
    const int passed = std::min(samples_ - 1, static_cast<int>(position - now_));
    make(kernels, all * (2 * passed + 1) / (2 * samples_ - 1));
}

void RunState::Later::finish(const Kernels& kernels) noexcept {
    make(kernels, linear_->first.weight.slices() + linear_->then.weight.slices());
    linear_ = nullptr;
}

// ---------------------------------------------------------------- voices

RunState::RunState(std::shared_ptr<const Model> model, int voices, int cores)
    : model_(std::move(model)), voices_(voices) {
    const Config& config = model_->config;
    const int dim = config.dim;
    const Precision tiers_as = model_->precision;
    const Precision sample_as = without_int4(tiers_as);
    for (std::size_t i = 0; i < config.tiers.size(); ++i) {
        const CellKind& kind = kind_of(config.tiers[i].cell);
        TierState state;
        for (const auto& weights : model_->tiers_[i].layers) {
            state.layers.push_back(
                {LayerState(kind, dim, voices, tiers_as), Rows(weights.recurrent.then.weight.rows(), voices), {}});
        }
        state.sum = units_of(kind, dim, voices, tiers_as, static_cast<float>(config.tiers[i].layers));
        state.gates = Rows(kind.gates * dim, voices);
        state.middle = Vectors(dim, voices, tiers_as, Vectors::Size::free);
        tiers_.push_back(std::move(state));
    }
    const int longest = config.tiers.back().frame;
    history_.resize(index(longest) * index(voices));
    u_ = Vectors(longest, voices, Precision::fp32, Vectors::Size::free);
    room_ = {Vectors(dim, voices, tiers_as, Vectors::Size::bounded), Rows(dim, voices), Rows(dim, voices)};
    const auto size = model_->relu_sum_ ? Vectors::Size::rectified : Vectors::Size::free;
    x_.emplace_back(dim, voices, sample_as, size);
    for (std::size_t i = 0; i < model_->hidden_.size(); ++i) {
        x_.emplace_back(dim, voices, sample_as, Vectors::Size::rectified);
    }
    rows_.resize(index(config.tiers[0].frame) * index(voices));
    logits_ = Rows(config.levels, voices);
    reset();
    if (cores > 1) second_core_ = std::make_unique<SecondCore>();
}

RunState::~RunState() { wait(); }

void RunState::wait() noexcept {
    if (second_core_) second_core_->wait();
}

const Vectors& RunState::out(std::size_t i) const {
    return model_->config.skip && tiers_[i].layers.size() > 1 ? tiers_[i].sum : tiers_[i].layers.back().state.h();
}

void RunState::reset() noexcept {
    wait();
    for (std::size_t i = 0; i < tiers_.size(); ++i) {
        for (std::size_t k = 0; k < tiers_[i].layers.size(); ++k)
            tiers_[i].layers[k].state.begin(model_->tiers_[i].layers[k].first);
    }
    std::fill(history_.begin(), history_.end(), static_cast<std::uint16_t>(model_->levels.silence()));
    position_ = 0;
    prepare_next();
    step_tiers();
}

void RunState::prepare_next() noexcept {
    for (std::size_t i = tiers_.size(); i-- > 0;) {
        const auto& weights = model_->tiers_[i];
        for (std::size_t k = 0; k < tiers_[i].layers.size(); ++k) {
            auto& layer = tiers_[i].layers[k];
            layer.state.h().seal(model_->kernels);
            layer.next.begin(weights.layers[k].recurrent, layer.state.h(), tiers_[i].middle, layer.recurrent, position_,
                             1);
        }
        hand_down(i);
        tiers_[i].given.clear();
    }
    have_logits_ = false;
}

void RunState::step_tiers() noexcept {
    for (std::size_t i = tiers_.size(); i-- > 0;) {
        if (position_ % static_cast<std::uint64_t>(model_->tiers_[i].frame) == 0) step(i);
    }
    if (second_core_) {
        second_core_->post([](void* self) { static_cast<RunState*>(self)->make_ahead(); }, this);
    } else {
        make_ahead();
    }
}

void RunState::make_ahead() noexcept {
    for (std::size_t i = tiers_.size(); i-- > 0;) {
        tiers_[i].given.advance(model_->kernels, position_);
        for (auto& layer : tiers_[i].layers) layer.next.advance(model_->kernels, position_);
    }
}

// Begins what the tier's step of that number is given from above.
void RunState::give(std::size_t i, std::uint64_t step) noexcept {
    const auto& weights = model_->tiers_[i];
    const auto& linear = weights.conditioning[step % weights.conditioning.size()];
    auto& tier = tiers_[i];
    const Vectors& above = out(std::min(i + 1, tiers_.size() - 1));
    tier.given.begin(linear, above, tier.middle, tier.gates, position_, weights.frame);
}

void RunState::step(std::size_t i) noexcept {
    const Kernels& kernels = model_->kernels;
    const auto& weights = model_->tiers_[i];
    TierState& tier = tiers_[i];
    const auto frame = static_cast<std::uint64_t>(weights.frame);
    const std::size_t size = index(model_->config.tiers.back().frame);
    for (int v = 0; v < voices_; ++v) {
        const std::uint16_t* ring = history_.data() + index(v) * size;
        for (std::size_t j = 0; j < frame; ++j)
            u_.of(v)[j] = model_->levels.input(ring[(position_ + size - frame + j) % size]);
    }
    const bool top = i + 1 == tiers_.size();
    Rows& gates = tier.gates;
    if (top) {
        const auto& bias = weights.conditioning[0].then.bias;
        for (int v = 0; v < voices_; ++v) std::copy(bias.begin(), bias.end(), gates.of(v));
    } else {
        if (!tier.given.begun()) give(i, position_ / frame);
        tier.given.finish(kernels);
        const auto& nothing = weights.conditioning[position_ / frame % weights.conditioning.size()].then.bias;
        for (std::size_t v = 0; bending_ && v < index(voices_); ++v) {
            const auto said = std::span(gates.of(static_cast<int>(v)), nothing.size());
            if (const float by = gain(i + 1, v); by != 1) bend_gain(by, said, nothing);
        }
    }
    weights.input.apply(kernels, u_, gates.of(0), gates.stride(), gates.of(0), gates.stride());

    const int dim = model_->config.dim;
    for (std::size_t k = 0; k < weights.layers.size(); ++k) {
        const auto& from = weights.layers[k];
        Layer& layer = tier.layers[k];
        Vectors& h = layer.state.h();
        if (k > 0) {
            from.input.weight.apply(kernels, tier.layers[k - 1].state.h(), from.input.bias.data(), 0, gates.of(0),
                                    gates.stride());
        }
        layer.next.finish(kernels);
        if (bending_) layer.state.keep();
        from.step({kernels, from, gates, layer.recurrent, layer.state, room_, dim, voices_});
        if (bending_) layer.state.bend(*bending_, top, i * 8 + k);
        h.seal(kernels);
        layer.next.begin(from.recurrent, h, tier.middle, layer.recurrent, position_, weights.frame);
    }
    hand_down(i);
    // The next step that this frame of the tier above still conditions.
    const std::uint64_t next = position_ / frame + 1;
    if (!top && next % weights.conditioning.size() != 0) give(i, next);
}

float RunState::gain(std::size_t i, std::size_t voice) const noexcept {
    const Bend& bend = bending_->bends[voice];
    return (i + 1 == tiers_.size() ? bend.slow : bend.fast).gain;
}

void RunState::hand_down(std::size_t i) noexcept {
    TierState& tier = tiers_[i];
    if (!model_->config.skip || tier.layers.size() < 2) return;
    const int dim = model_->config.dim;
    for (int v = 0; v < voices_; ++v) {
        float* sum = tier.sum.of(v);
        std::copy_n(tier.layers.back().state.h().of(v), dim, sum);
        for (std::size_t k = 0; k + 1 < tier.layers.size(); ++k) {
            const float* h = tier.layers[k].state.h().of(v);
            model_->kernels.add_rows(&h, 1, sum, dim, false);
        }
    }
    tier.sum.seal(model_->kernels);
}

void RunState::sample_tier() noexcept {
    const Kernels& kernels = model_->kernels;
    const int dim = model_->config.dim;
    const std::size_t taps = model_->sample_conditioning_.size(), levels = index(model_->levels.count());
    const std::size_t size = index(model_->config.tiers.back().frame);
    for (std::size_t v = 0; v < index(voices_); ++v) {
        const std::uint16_t* ring = history_.data() + v * size;
        for (std::size_t tap = 0; tap < taps; ++tap) {
            const float* row =
                model_->tables_.data() + (tap * levels + ring[(position_ + size - taps + tap) % size]) * index(dim);
            rows_[v * taps + tap] = row;
            // They come from far, and in no order that the processor could guess.
            for (int d = 0; d < dim; d += lanes) __builtin_prefetch(row + d);
        }
    }
    const auto& conditioning = model_->sample_conditioning_[position_ % taps].then;
    conditioning.weight.apply(kernels, out(0), conditioning.bias.data(), 0, x_[0].of(0), x_[0].stride());
    for (std::size_t v = 0; bending_ && v < index(voices_); ++v) {
        const auto said = std::span(x_[0].of(static_cast<int>(v)), conditioning.bias.size());
        if (const float by = gain(0, v); by != 1) bend_gain(by, said, conditioning.bias);
    }
    for (int v = 0; v < voices_; ++v) {
        kernels.add_rows(rows_.data() + index(v) * taps, static_cast<int>(taps), x_[0].of(v), dim, model_->relu_sum_);
    }
    x_[0].seal(kernels);
    for (std::size_t i = 0; i < model_->hidden_.size(); ++i) {
        const auto& hidden = model_->hidden_[i];
        hidden.weight.apply(kernels, x_[i], hidden.bias.data(), 0, x_[i + 1].of(0), x_[i + 1].stride(), true);
        x_[i + 1].seal(kernels);
    }
    model_->out_.weight.apply(kernels, x_.back(), model_->out_.bias.data(), 0, logits_.of(0), logits_.stride());
}

std::span<const float> RunState::logits(int voice) noexcept {
    if (!have_logits_) sample_tier();
    have_logits_ = true;
    return {logits_.of(voice), index(model_->levels.count())};
}

void RunState::push(std::span<const int> levels) noexcept { take(levels.data(), 1); }

void RunState::push(int level) noexcept { take(&level, 0); }

void RunState::take(const int* levels, std::size_t stride) noexcept {
    wait();
    const std::size_t size = index(model_->config.tiers.back().frame);
    for (std::size_t v = 0; v < index(voices_); ++v) {
        const int level = std::clamp(levels[v * stride], 0, model_->levels.count() - 1);
        history_[v * size + position_ % size] = static_cast<std::uint16_t>(level);
    }
    ++position_;
    have_logits_ = false;
    step_tiers();
}

std::span<const float> RunState::units(std::size_t tier, int voice) const {
    return {tiers_[tier].layers.back().state.h().of(voice), index(model_->config.dim)};
}

State RunState::state() const {
    State state;
    read_state(state);
    return state;
}

void RunState::read_state(State& state) const {
    state.cells.clear();
    state.levels.clear();
    for (const auto& tier : tiers_)
        for (const auto& layer : tier.layers) layer.state.read(state.cells);
    const std::size_t size = index(model_->config.tiers.back().frame);
    for (std::size_t v = 0; v < index(voices_); ++v) {
        for (std::size_t i = 0; i < size; ++i) state.levels.push_back(history_[v * size + (position_ + i) % size]);
    }
    state.position = position_;
}

bool RunState::fits(const State& state) const noexcept {
    std::size_t cells = 0;
    for (const auto& tier : tiers_)
        for (const auto& layer : tier.layers) cells += layer.state.size();
    bool fits = state.cells.size() == cells && state.levels.size() == history_.size();
    for (const float value : state.cells) fits = fits && std::isfinite(value);
    for (const auto level : state.levels) fits = fits && level < model_->levels.count();
    return fits;
}

void RunState::set_state(const State& state) {
    if (!fits(state)) throw ModelError("this state belongs to another network");
    wait();
    const float* from = state.cells.data();
    for (auto& tier : tiers_)
        for (auto& layer : tier.layers) from = layer.state.write(from);
    position_ = state.position;
    const std::size_t size = index(model_->config.tiers.back().frame);
    for (std::size_t v = 0; v < index(voices_); ++v) {
        for (std::size_t i = 0; i < size; ++i) history_[v * size + (position_ + i) % size] = state.levels[v * size + i];
    }
    prepare_next();
}

void RunState::take_over(const RunState& from) noexcept {
    wait();
    for (std::size_t i = 0; i < tiers_.size(); ++i)
        for (std::size_t k = 0; k < tiers_[i].layers.size(); ++k)
            tiers_[i].layers[k].state.take_over(from.tiers_[i].layers[k].state);
    std::copy(from.history_.begin(), from.history_.end(), history_.begin());
    position_ = from.position_;
    prepare_next();
}

}  // namespace legume::samplernn

// Run states, a counter and a draw.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine/generator.h"

#include <algorithm>
#include <utility>

#include "graph/base/math.h"
#include "nodes/dsp/random.h"

namespace legume::samplernn {
namespace {

constexpr std::uint64_t ear_dice = 0x656172;  // whether it listens is no part of what it draws
constexpr std::uint64_t look_every = 8;       // samples, for surprise
constexpr double heat_seconds = 0.25;

}  // namespace

Generator::Generator(std::shared_ptr<const Model> model, std::uint64_t seed, int voices, std::uint64_t first_voice,
                     int cores)
    : own_(std::make_unique<RunState>(std::move(model), voices, cores)),
      seed_(seed),
      first_voice_(first_voice),
      levels_(static_cast<std::size_t>(voices)) {
    const Part alone{own_.get()};
    play({&alone, 1});
    get_ready();
}

Generator::Generator(std::span<const Part> parts, Mix mix, std::uint64_t seed)
    : mix_(mix), seed_(seed), levels_(static_cast<std::size_t>(parts[0].state->voices())) {
    play(parts);
    get_ready();
}

void Generator::get_ready() {
    heat_.resize(levels_.size());
    stuck_.assign(levels_.size(), LoopDetector(model().config.sample_rate, model().config.levels));
    touches_.reserve(levels_.size());
    bends_.reserve(levels_.size());
}

void Generator::play(std::span<const Part> parts) noexcept {
    count_ = std::min(parts.size(), most_networks);
    float sum = 0;
    for (const auto& part : parts.first(count_)) sum += part.share;
    for (std::size_t i = 0; i < count_; ++i) {
        parts_[i] = {parts[i].state, parts[i].share / sum};
        parts_[i].state->bend(bent_ ? &bending_ : nullptr);
    }
}

void Generator::next(std::span<const Sampling> chances, std::span<float> samples) noexcept {
    for (std::size_t v = 0; v < levels_.size(); ++v) {
        const double uniform = dsp::random_uniform(seed_, first_voice_ + v, drawn_);
        levels_[v] = touched_ ? touched(v, chances[v], uniform) : level(static_cast<int>(v), chances[v], uniform);
        samples[v] = model().levels.amplitude(levels_[v]);
    }
    if (drawn_ % look_every == 0) look_at(levels_[0]);
    ++drawn_;
    if (bent_) {
        bending_.seed = seed_;
        bending_.first_voice = first_voice_;
        bending_.clock = drawn_;
    }
    for (const auto& part : parts()) part.state->push(levels_);
}

int Generator::level(int voice, const Sampling& chance, double uniform) noexcept {
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

float Generator::next(const Sampling& chance) noexcept {
    float sample = 0;
    next({&chance, 1}, {&sample, 1});
    return sample;
}

double Generator::entropy(const Sampling& chance) noexcept {
    if (mix_ == Mix::product) return samplernn::entropy(product(0), chance, model().kernels);
    double mean = 0;
    for (const auto& part : parts())
        if (part.share > 0)
            mean += static_cast<double>(part.share) * samplernn::entropy(part.state->logits(), chance, model().kernels);
    return mean;
}

void Generator::touch(std::span<const Touch> touches) noexcept {
    touches = touches.first(std::min(touches.size(), levels_.size()));
    if (touches.size() == touches_.size() && std::equal(touches.begin(), touches.end(), touches_.begin())) return;
    touches_.assign(touches.begin(), touches.end());
    bends_.clear();
    for (const auto& touch : touches) bends_.push_back(touch.bend);
    const auto is_idle = [](const Touch& touch) { return touch == Touch{}; };
    touched_ = !std::all_of(touches_.begin(), touches_.end(), is_idle);
    bent_ = std::any_of(bends_.begin(), bends_.end(), [](const Bend& bend) { return !(bend == Bend{}); });
    bending_.bends = bends_;
    bending_.rate = model().config.sample_rate;
    for (const auto& part : parts()) part.state->bend(bent_ ? &bending_ : nullptr);
}

int Generator::touched(std::size_t v, Sampling chance, double uniform) noexcept {
    const Touch& touch = touches_[v];
    if (heat_[v] > 0) {
        --heat_[v];
        chance.temperature += touch.guard;
    }
    const auto now = [&] {
        const bool listens = !heard_.empty() && touch.listen > 0 &&
                             (touch.listen >= 1 || dsp::random_uniform(seed_ ^ ear_dice, first_voice_ + v, drawn_) <
                                                       static_cast<double>(touch.listen));
        return listens ? model().levels.level(heard_[heard_.size() == 1 ? 0 : v])
                       : level(static_cast<int>(v), chance, uniform);
    }();
    if (!(touch.guard > 0))
        stuck_[v].forget();
    else if (stuck_[v].hears(now))
        heat_[v] = static_cast<std::uint64_t>(heat_seconds * model().config.sample_rate);
    return now;
}

void Generator::look_at(int taken) noexcept {
    double chance = 0;
    if (mix_ == Mix::product) {
        chance = likelihood(product(0), taken, model().kernels);
    } else {
        for (const auto& part : parts())
            if (part.share > 0)
                chance += static_cast<double>(part.share) * likelihood(part.state->logits(), taken, model().kernels);
    }
    surprise_ -= math::log2(chance);
    ++looked_;
}

double Generator::surprise() noexcept {
    const double mean = looked_ > 0 ? surprise_ / looked_ : -1;
    surprise_ = 0;
    looked_ = 0;
    return mean;
}

void Generator::read(GeneratorState& into) const {
    into.states.resize(count_);
    for (std::size_t i = 0; i < count_; ++i) parts_[i].state->read_state(into.states[i]);
    into.seed = seed_;
    into.drawn = drawn_;
}

void Generator::go_to(const GeneratorState& moment) noexcept {
    go_back(moment);
    seed_ = moment.seed;
    drawn_ = moment.drawn;
}

// Another age of a run than then, or two of them where there was one: each takes the state that fits it.
void Generator::go_back(const GeneratorState& moment) noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
        RunState& state = *parts_[i].state;
        const auto fits = [&](const State& one) { return state.fits(one); };
        const auto& states = moment.states;
        const auto own = i < states.size() && fits(states[i]) ? states.begin() + static_cast<std::ptrdiff_t>(i)
                                                              : std::find_if(states.begin(), states.end(), fits);
        if (own != states.end()) state.set_state(*own);
    }
}

void Generator::begin_at(const GeneratorState& moment) {
    beginning_ = moment;
    restart();
}

void Generator::prime(std::span<const int> levels) {
    begin_take();
    for (const auto& part : parts())
        for (const int level : levels) part.state->push(level);
    drawn_ = levels.size();
    read(beginning_);
    primed_ = true;
}

void Generator::go_on(std::uint64_t voice, std::span<const int> levels) {
    first_voice_ = voice;
    prime(levels);
    primed_ = false;
}

void Generator::restart() noexcept {
    for (auto& stuck : stuck_) stuck.forget();
    std::fill(heat_.begin(), heat_.end(), 0u);
    if (beginning_.empty()) return begin_take();
    go_to(beginning_);
}

void Generator::begin_take() noexcept {
    if (primed_) {
        go_back(beginning_);
        drawn_ = beginning_.drawn;
        return;
    }
    for (const auto& part : parts()) part.state->reset();
    drawn_ = 0;
}

}  // namespace legume::samplernn

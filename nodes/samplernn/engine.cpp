// Folds a checkpoint's tensors, steps the tiers on their frames, and draws.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

namespace legume::samplernn {
namespace {

using Floats = std::vector<float>;

std::size_t index(int i) { return static_cast<std::size_t>(i); }

void check(const Checkpoint& checkpoint) {
    checkpoint.config.validate();
    for (const auto& [name, shape] : expected_shapes(checkpoint.config)) {
        const auto it = checkpoint.tensors.find(name);
        std::size_t size = 1;
        for (const auto d : shape) size *= static_cast<std::size_t>(d);
        if (it == checkpoint.tensors.end()) throw ModelError("tensor \"" + name + "\" is missing");
        if (it->second.shape != shape || it->second.values.size() != size) {
            throw ModelError("tensor \"" + name + "\" has another shape than its config asks for");
        }
    }
}

// The checkpoint's tensors in double; what the config leaves out is zero.
class Source {
  public:
    explicit Source(const Tensors& tensors) : tensors_(tensors) {}
    Dense matrix(const std::string& name, int rows, int cols, int first_row = 0) const {
        return {rows, cols, tensors_.at(name).values.data() + index(first_row) * index(cols)};
    }
    Dense column(const std::string& name, int rows, int first_row = 0) const {
        return tensors_.count(name) ? matrix(name, rows, 1, first_row) : Dense(rows, 1);
    }
    const Floats& values(const std::string& name) const { return tensors_.at(name).values; }
    Floats state(const std::string& name, int layer, int dim) const {
        Floats h(index(padded(dim)));
        if (const auto it = tensors_.find(name); it != tensors_.end()) {
            const auto from = it->second.values.begin() + static_cast<std::ptrdiff_t>(layer) * dim;
            std::copy(from, from + dim, h.begin());
        }
        return h;
    }

  private:
    const Tensors& tensors_;
};

Dense operator+(Dense a, const Dense& b) {
    for (std::size_t i = 0; i < a.values.size(); ++i) a.values[i] += b.values[i];
    return a;
}

Dense transpose(const Dense& a) {
    Dense t(a.cols, a.rows);
    for (int r = 0; r < a.rows; ++r) {
        for (int c = 0; c < a.cols; ++c) t.row(c)[r] = a.row(r)[c];
    }
    return t;
}

Floats pack(const Dense& column) {
    Floats packed(index(padded(column.rows)));
    for (int r = 0; r < column.rows; ++r) packed[index(r)] = static_cast<float>(column.row(r)[0]);
    return packed;
}

// One tap of the convolution as [E, D], to be multiplied from the embedding's right.
Dense tap_of(const Floats& conv, int dim, int embedding, int taps, int tap) {
    Dense t(embedding, dim);
    for (int d = 0; d < dim; ++d) {
        for (int e = 0; e < embedding; ++e)
            t.row(e)[d] = conv[(index(d) * index(embedding) + index(e)) * index(taps) + index(tap)];
    }
    return t;
}

}  // namespace

Model::Model(const Checkpoint& checkpoint, Precision as, const Kernels& with)
    : config(checkpoint.config), precision(as), kernels(with), levels(checkpoint.config) {
    check(checkpoint);
    for (std::size_t i = 0; i < config.tiers.size(); ++i) fold_tier(checkpoint.tensors, i);
    fold_sample_tier(checkpoint.tensors);
}

void Model::fold_tier(const Tensors& tensors, std::size_t i) {
    const Source source(tensors);
    const Tier& tier = config.tiers[i];
    const std::string name = "tier." + std::to_string(i) + ".";
    const bool lstm = tier.cell == Cell::lstm, reset_before = !lstm && !config.reset_after;
    const int dim = config.dim, rows = (lstm ? 4 : 3) * dim;
    TierWeights weights;
    weights.frame = tier.frame;
    for (int k = 0; k < tier.layers; ++k) {
        const std::string cell = name + "cell." + std::to_string(k) + ".";
        const auto recurrent = [&](int first, int n) {
            return Affine{Matrix(source.matrix(cell + "w_hh", n, dim, first)),
                          pack(source.column(cell + "b_hh", n, first))};
        };
        Layer layer;
        layer.recurrent = recurrent(0, reset_before ? 2 * dim : rows);
        if (reset_before) layer.candidate = recurrent(2 * dim, dim);
        if (k > 0) {
            layer.input = {Matrix(source.matrix(cell + "w_ih", rows, dim)), pack(source.column(cell + "b_ih", rows))};
        }
        layer.h0 = source.state(name + "h0", k, dim);
        if (lstm) layer.c0 = source.state(name + "c0", k, dim);
        weights.layers.push_back(std::move(layer));
    }

    const bool top = i + 1 == config.tiers.size();
    Dense bias = source.column(name + "cell.0.b_ih", rows);
    if (top && !config.top_projection) {
        weights.input = Matrix(source.matrix(name + "cell.0.w_ih", rows, tier.frame));
        weights.conditioning.push_back({Matrix(rows, 0), pack(bias)});
    } else {
        const Dense w_ih = source.matrix(name + "cell.0.w_ih", rows, dim);
        weights.input = Matrix(multiply(kernels, w_ih, source.matrix(name + "input.weight", dim, tier.frame)));
        bias = bias + multiply(kernels, w_ih, source.column(name + "input.bias", dim));
        if (top) weights.conditioning.push_back({Matrix(rows, 0), pack(bias)});
        const std::string above = "tier." + std::to_string(i + 1) + ".up.";
        for (int r = 0; !top && r < config.tiers[i + 1].frame / tier.frame; ++r) {
            weights.conditioning.push_back(
                {Matrix(multiply(kernels, w_ih, source.matrix(above + "weight", dim, dim, r * dim))),
                 pack(bias + multiply(kernels, w_ih, source.column(above + "bias", dim, r * dim)))});
        }
    }
    tiers_.push_back(std::move(weights));
}

void Model::fold_sample_tier(const Tensors& tensors) {
    const Source source(tensors);
    const int dim = config.dim, taps = config.tiers[0].frame;
    const auto hidden = [](int i) { return "sample.hidden." + std::to_string(i) + "."; };
    // The first hidden layer vanishes when nothing stands between it and the sum.
    const bool fold = !config.relu_after_sum && config.hidden > 0;
    const Dense first = fold ? source.matrix(hidden(0) + "weight", dim, dim) : Dense();
    const Dense first_transposed = transpose(first);
    relu_sum_ = config.relu_after_sum || fold;

    const Dense conv_bias = source.column("sample.conv_bias", dim);
    for (int r = 0; r < taps; ++r) {
        Dense weight = source.matrix("tier.0.up.weight", dim, dim, r * dim);
        Dense bias = source.column("tier.0.up.bias", dim, r * dim) + conv_bias;
        if (fold) {
            weight = multiply(kernels, first, weight);
            bias = multiply(kernels, first, bias) + source.column(hidden(0) + "bias", dim);
        }
        sample_conditioning_.push_back({Matrix(weight), pack(bias)});
    }
    const Dense embedding = source.matrix("sample.embedding", config.levels, config.embedding);
    for (int tap = 0; tap < taps; ++tap) {
        Dense table =
            multiply(kernels, embedding, tap_of(source.values("sample.conv"), dim, config.embedding, taps, tap));
        if (fold) table = multiply(kernels, table, first_transposed);
        for (const double value : table.values) tables_.push_back(static_cast<float>(value));
    }
    for (int i = fold ? 1 : 0; i < config.hidden; ++i) {
        hidden_.push_back(
            {Matrix(source.matrix(hidden(i) + "weight", dim, dim)), pack(source.column(hidden(i) + "bias", dim))});
    }
    out_ = {Matrix(source.matrix("sample.out.weight", config.levels, dim)),
            pack(source.column("sample.out.bias", config.levels))};
}

RunState::RunState(std::shared_ptr<const Model> model, int voices) : model_(std::move(model)), voices_(voices) {
    for (int v = 1; v < voices; ++v) others_.emplace_back(model_);
    const Config& config = model_->config;
    const std::size_t stride = index(padded(config.dim));
    for (const auto& tier : config.tiers) {
        const std::size_t layers = index(tier.layers);
        const std::size_t memory = tier.cell == Cell::lstm ? layers : 0;
        tiers_.push_back({Floats(layers * stride), Floats(memory * stride), Floats(stride)});
    }
    history_.resize(index(config.tiers.back().frame));
    u_.resize(history_.size());
    gates_.resize(index(padded(4 * config.dim)));
    recurrent_.resize(gates_.size());
    z_.resize(stride);
    candidate_.resize(stride);
    x_.resize(stride);
    y_.resize(stride);
    logits_.resize(index(padded(config.levels)));
    reset();
}

void RunState::reset() noexcept {
    for (std::size_t i = 0; i < tiers_.size(); ++i) {
        float *h = tiers_[i].h.data(), *c = tiers_[i].c.data();
        for (const auto& layer : model_->tiers_[i].layers) {
            h = std::copy(layer.h0.begin(), layer.h0.end(), h);
            c = std::copy(layer.c0.begin(), layer.c0.end(), c);
        }
    }
    std::fill(history_.begin(), history_.end(), static_cast<std::uint16_t>(model_->levels.silence()));
    position_ = 0;
    have_logits_ = false;
    step_tiers();
    for (auto& other : others_) other.reset();
}

void RunState::step_tiers() noexcept {
    for (std::size_t i = tiers_.size(); i-- > 0;) {
        if (position_ % static_cast<std::uint64_t>(model_->tiers_[i].frame) == 0) step(i);
    }
}

void RunState::step(std::size_t i) noexcept {
    const Kernels& kernels = model_->kernels;
    const auto& weights = model_->tiers_[i];
    TierState& tier = tiers_[i];
    const std::size_t frame = index(weights.frame), size = history_.size();
    for (std::size_t j = 0; j < frame; ++j) {
        u_[j] = model_->levels.input(history_[(position_ + size - frame + j) % size]);
    }
    const auto& conditioning = weights.conditioning[position_ / frame % weights.conditioning.size()];
    const float* above = i + 1 < tiers_.size() ? tiers_[i + 1].out.data() : nullptr;
    conditioning.apply(kernels, above, gates_.data());
    weights.input.apply(kernels, u_.data(), gates_.data(), gates_.data());

    const int dim = model_->config.dim;
    const std::size_t stride = index(padded(dim));
    for (std::size_t k = 0; k < weights.layers.size(); ++k) {
        const auto& layer = weights.layers[k];
        float* h = tier.h.data() + k * stride;
        if (k > 0) layer.input.apply(kernels, h - stride, gates_.data());
        layer.recurrent.apply(kernels, h, recurrent_.data());
        if (!tier.c.empty()) {
            kernels.lstm(gates_.data(), recurrent_.data(), h, tier.c.data() + k * stride, dim);
        } else if (model_->config.reset_after) {
            kernels.gru(gates_.data(), recurrent_.data(), h, dim);
        } else {
            kernels.gru_gates(gates_.data(), recurrent_.data(), h, x_.data(), z_.data(), dim);
            layer.candidate.apply(kernels, x_.data(), candidate_.data());
            kernels.gru_candidate(gates_.data(), candidate_.data(), z_.data(), h, dim);
        }
    }
    hand_down(i);
}

void RunState::hand_down(std::size_t i) noexcept {
    TierState& tier = tiers_[i];
    const auto stride = static_cast<std::ptrdiff_t>(tier.out.size());
    std::copy(tier.h.end() - stride, tier.h.end(), tier.out.begin());
    if (!model_->config.skip) return;
    for (auto h = tier.h.begin(); h + stride != tier.h.end(); h += stride)
        model_->kernels.add(&*h, tier.out.data(), static_cast<int>(stride));
}

std::span<const float> RunState::logits(int voice) noexcept {
    if (voice > 0) return others_[index(voice - 1)].logits();
    const std::span<const float> result(logits_.data(), index(model_->levels.count()));
    if (have_logits_) return result;
    have_logits_ = true;
    const Kernels& kernels = model_->kernels;
    const int dim = model_->config.dim;
    const std::size_t taps = model_->sample_conditioning_.size(), size = history_.size();
    model_->sample_conditioning_[position_ % taps].apply(kernels, tiers_[0].out.data(), x_.data());
    for (std::size_t tap = 0; tap < taps; ++tap) {
        const std::size_t row = tap * result.size() + history_[(position_ + size - taps + tap) % size];
        kernels.add(model_->tables_.data() + row * index(dim), x_.data(), dim);
    }
    if (model_->relu_sum_) kernels.relu(x_.data(), dim);
    for (const auto& hidden : model_->hidden_) {
        hidden.apply(kernels, x_.data(), y_.data(), true);
        std::swap(x_, y_);
    }
    model_->out_.apply(kernels, x_.data(), logits_.data());
    return result;
}

void RunState::push(int level) noexcept {
    level = std::clamp(level, 0, model_->levels.count() - 1);
    history_[position_ % history_.size()] = static_cast<std::uint16_t>(level);
    ++position_;
    have_logits_ = false;
    step_tiers();
}

void RunState::push(std::span<const int> levels) noexcept {
    for (std::size_t v = 1; v < levels.size(); ++v) others_[v - 1].push(levels[v]);
    push(levels[0]);
}

State RunState::state() const {
    State state;
    for (const auto& tier : tiers_) {
        state.cells.insert(state.cells.end(), tier.h.begin(), tier.h.end());
        state.cells.insert(state.cells.end(), tier.c.begin(), tier.c.end());
    }
    for (std::size_t i = 0; i < history_.size(); ++i) {
        state.levels.push_back(history_[(position_ + i) % history_.size()]);
    }
    state.position = position_;
    return state;
}

void RunState::set_state(const State& state) {
    std::size_t cells = 0;
    for (const auto& tier : tiers_) cells += tier.h.size() + tier.c.size();
    bool fits = state.cells.size() == cells && state.levels.size() == history_.size();
    for (const float value : state.cells) fits = fits && std::isfinite(value);
    for (const auto level : state.levels) fits = fits && level < model_->levels.count();
    if (!fits) throw ModelError("this state belongs to another network");
    auto from = state.cells.begin();
    for (std::size_t i = 0; i < tiers_.size(); ++i) {
        for (float& value : tiers_[i].h) value = *from++;
        for (float& value : tiers_[i].c) value = *from++;
        hand_down(i);
    }
    position_ = state.position;
    for (std::size_t i = 0; i < history_.size(); ++i) history_[(position_ + i) % history_.size()] = state.levels[i];
    have_logits_ = false;
}

int draw(std::span<const float> logits, float temperature, double uniform, const Kernels& kernels) noexcept {
    std::size_t best = 0;
    float top = -std::numeric_limits<float>::max();
    for (std::size_t i = 0; i < logits.size(); ++i) {
        if (!(logits[i] > top) || !(logits[i] <= std::numeric_limits<float>::max())) continue;
        top = logits[i];
        best = i;
    }
    if (!(temperature > 0)) return static_cast<int>(best);
    std::array<std::uint32_t, max_levels> weights;
    kernels.weigh(logits.data(), top, temperature, weights.data(), static_cast<int>(logits.size()));
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) total += weights[i];
    auto target = static_cast<std::uint64_t>(uniform * static_cast<double>(total));
    for (std::size_t i = 0; i < logits.size(); ++i) {
        if (target < weights[i]) return static_cast<int>(i);
        target -= weights[i];
    }
    return static_cast<int>(best);
}

}  // namespace legume::samplernn

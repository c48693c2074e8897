// Finds a layer's step by its kind of cell, once; copies, bends and lays out states by the kind's list of them.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine/layer.h"

#include <algorithm>
#include <iterator>

namespace legume::samplernn {
namespace {

constexpr struct {
    Cell cell;
    void (*load)(const LayerTensors&, LayerWeights&);
} cells[] = {{Cell::gru, load_gru}, {Cell::lstm, load_lstm}, {Cell::min_gru, load_min_gru}};

}  // namespace

LayerWeights load_layer(const TensorReader& reader, const Config& config, std::size_t tier, int layer,
                        Precision precision) {
    const std::string name = "tier." + std::to_string(tier) + ".";
    const CellKind& kind = kind_of(config.tiers[tier].cell);
    const LayerTensors tensors{reader, config, name + "cell." + std::to_string(layer) + ".", precision};
    LayerWeights weights;
    if (layer > 0) weights.input = tensors.affine("w_ih", "b_ih", kind.gates * config.dim);
    for (const auto& state : kind.states)
        weights.first.push_back(reader.row(name + state.name + "0", layer, state.size(config.dim)));
    const auto of = [&](const auto& entry) { return entry.cell == kind.cell; };
    std::find_if(std::begin(cells), std::end(cells), of)->load(tensors, weights);
    return weights;
}

std::size_t LayerWeights::bytes() const {
    std::size_t sum = input.weight.bytes() + recurrent.bytes();
    for (const auto& affine : own) sum += affine.weight.bytes();
    return sum;
}

Vectors units_of(const CellKind& kind, int dim, int voices, Precision precision, float times) {
    const float bound = kind.states[0].bound;
    return {dim, voices, precision, bound > 0 ? Vectors::Size::bounded : Vectors::Size::free, bound * times};
}

LayerState::LayerState(const CellKind& kind, int dim, int voices, Precision precision)
    : states_(kind.states), dim_(dim), voices_(voices), h_(units_of(kind, dim, voices, precision)) {
    for (const auto& state : states_) {
        size_ += index(state.size(dim));
        before_.emplace_back(state.size(dim), voices);
        if (&state != &states_[0]) others_.emplace_back(state.size(dim), voices);
    }
}

void LayerState::begin(std::span<const std::vector<float>> values) {
    for (std::size_t s = 0; s < states_.size(); ++s)
        for (int v = 0; v < voices_; ++v) std::copy(values[s].begin(), values[s].end(), of(s, v));
}

void LayerState::read(std::vector<float>& onto) const {
    for (int v = 0; v < voices_; ++v)
        for (std::size_t s = 0; s < states_.size(); ++s)
            onto.insert(onto.end(), of(s, v), of(s, v) + states_[s].size(dim_));
}

const float* LayerState::write(const float* from) {
    for (int v = 0; v < voices_; ++v)
        for (std::size_t s = 0; s < states_.size(); ++s) {
            const int size = states_[s].size(dim_);
            std::copy_n(from, size, of(s, v));
            from += size;
        }
    return from;
}

void LayerState::take_over(const LayerState& from) noexcept {
    for (std::size_t s = 0; s < states_.size(); ++s)
        for (int v = 0; v < voices_; ++v) std::copy_n(from.of(s, v), states_[s].size(dim_), of(s, v));
}

void LayerState::keep() noexcept {
    for (std::size_t s = 0; s < states_.size(); ++s)
        for (int v = 0; v < voices_; ++v) std::copy_n(of(s, v), states_[s].size(dim_), before_[s].of(v));
}

void LayerState::bend(const Bending& bending, bool slow, std::uint64_t place) noexcept {
    for (std::size_t s = 0; s < states_.size(); ++s) {
        const int size = states_[s].size(dim_);
        for (int v = 0; v < voices_; ++v) {
            // D at a time, so that what stands still is the same units' in each.
            for (int at = 0; at < size; at += dim_) {
                const auto n = index(std::min(dim_, size - at));
                const std::span<float> units(of(s, v) + at, n);
                const std::span<const float> before(before_[s].of(v) + at, n);
                if (states_[s].bend > 0)
                    bend_units(bending, v, slow, place, units, before, states_[s].bend);
                else
                    freeze_units(bending, v, slow, place, units, before);
            }
        }
    }
}

}  // namespace legume::samplernn

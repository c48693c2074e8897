// One recurrent layer as it plays: its weights, what its voices remember, and a step of its kind of cell.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nodes/samplernn/checkpoint/cell.h"
#include "nodes/samplernn/engine/bend.h"
#include "nodes/samplernn/engine/weights.h"

namespace legume::samplernn {

// Room for h, or for the sum of `times` layers' h, with the bounds by which int8 reads it.
Vectors units_of(const CellKind& kind, int dim, int voices, Precision precision, float times = 1);

// The states of all voices, h first.
class LayerState {
  public:
    LayerState(const CellKind& kind, int dim, int voices, Precision precision);
    Vectors& h() { return h_; }  // to be sealed whenever it was written
    const Vectors& h() const { return h_; }
    float* of(std::size_t state, int voice) { return state == 0 ? h_.of(voice) : others_[state - 1].of(voice); }
    const float* of(std::size_t state, int voice) const { return const_cast<LayerState*>(this)->of(state, voice); }

    std::size_t size() const { return size_ * index(voices_); }  // in floats
    void begin(std::span<const std::vector<float>> values);      // each state's, of all voices
    void read(std::vector<float>& onto) const;                   // appends voice after voice, state after state
    const float* write(const float* from);                       // gives what is behind them
    void take_over(const LayerState& from) noexcept;             // of the same kind, width and voices

    void keep() noexcept;  // what it is now, as bend()'s before
    // After a step. `place` is the layer's among all.
    void bend(const Bending& bending, bool slow, std::uint64_t place) noexcept;

  private:
    std::span<const CellState> states_;
    int dim_, voices_;
    std::size_t size_ = 0;  // of a voice
    Vectors h_;
    std::vector<Rows> others_, before_;
};

// Room for what a step makes on its way, D numbers a voice each. Nothing in it outlives the step.
struct StepRoom {
    Vectors units;  // within -1 to 1
    Rows first, second;
};

struct LayerWeights;
struct LayerStep {
    const Kernels& kernels;
    const LayerWeights& weights;
    const Rows &gates, &recurrent;  // the input's share [G D]; what `recurrent` made of h
    LayerState& state;
    StepRoom& room;
    int dim, voices;
};

struct LayerWeights {
    Affine input;             // [G D, D]; the lowest layer's is folded into its tier
    Linear recurrent;         // [.., D], times h: made ahead, as soon as there is h. A cell may do without
    std::vector<Affine> own;  // what else its steps multiply by
    std::vector<std::vector<float>> first;  // values of each state before the first step
    void (*step)(const LayerStep&) noexcept = nullptr;
    std::size_t bytes() const;
};

// A layer's tensors, from which a kind of cell takes `recurrent`, `own` and `step`.
struct LayerTensors {
    const TensorReader& reader;
    const Config& config;
    const std::string name;  // tier.{i}.cell.{k}.
    Precision precision;
    // Of D columns.
    Affine affine(const char* weight, const char* bias, int rows, int first_row = 0) const {
        return reader.affine(name + weight, name + bias, rows, config.dim, precision, first_row);
    }
};
void load_gru(const LayerTensors& from, LayerWeights& into);
void load_lstm(const LayerTensors& from, LayerWeights& into);
void load_min_gru(const LayerTensors& from, LayerWeights& into);

LayerWeights load_layer(const TensorReader& reader, const Config& config, std::size_t tier, int layer,
                        Precision precision);

}  // namespace legume::samplernn

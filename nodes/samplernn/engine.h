// The network as arithmetic: immutable folded weights, a voice's state, and the draw, each apart from the others.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "graph/rt.h"
#include "nodes/samplernn/isa.h"
#include "nodes/samplernn/matrix.h"
#include "nodes/samplernn/model.h"
#include "nodes/samplernn/quantise.h"

namespace legume::samplernn {

// Immutable, and shared by every voice that plays it. What stands in series without a nonlinearity is folded into one
// matrix, in double and in a fixed order, so that the bytes are the same on every machine:
//   embedding and convolution into one table for each tap; without relu_after_sum the first hidden layer into those
//   tables and into the conditioning; a tier's input projection and conditioning into its first cell's input weights.
class Model {
  public:
    // About D^3 (12 R + F) multiplications: seconds for D = 1024. Throws ModelError when the tensors do not fit.
    explicit Model(const Checkpoint&, Precision = Precision::fp32, const Kernels& = samplernn::kernels());
    const Config config;
    const Precision precision;
    const Kernels& kernels;  // what it is folded and played with
    const Levels levels;

  private:
    friend class RunState;
    struct Affine {
        Matrix weight;
        std::vector<float> bias;
        void apply(const Kernels& with, const float* x, float* y, bool relu = false) const noexcept {
            weight.apply(with, x, bias.data(), y, relu);
        }
    };
    struct Layer {
        Affine input;               // [G D, D]; the lowest layer's is folded into its tier
        Affine recurrent;           // [G D, D]; of a reset-before GRU gates r and z alone
        Affine candidate;           // [D, D], of a reset-before GRU
        std::vector<float> h0, c0;  // [D]; c0 of an LSTM
    };
    struct TierWeights {
        int frame = 0;
        Matrix input;  // [G D, frame], times the last `frame` levels
        std::vector<Affine>
            conditioning;  // [G D, D] for each step within the frame above; of the top tier a bias alone
        std::vector<Layer> layers;
    };
    void fold_tier(const Tensors& tensors, std::size_t i);
    void fold_sample_tier(const Tensors& tensors);

    std::vector<TierWeights> tiers_;
    std::vector<Affine> sample_conditioning_;  // [D, D] for each sample within the lowest frame
    std::vector<float> tables_;                // [F, Q, D]
    bool relu_sum_ = false;                    // whether a ReLU follows the sum of conditioning and tables
    std::vector<Affine> hidden_;               // [D, D]
    Affine out_;                               // [Q, D]
};

// What the voices remember, as a value: the same state gives the same logits.
struct State {
    std::vector<float> cells;           // h (and c) of every voice, tier and layer
    std::vector<std::uint16_t> levels;  // the last B of every voice, oldest first
    std::uint64_t position = 0;         // samples pushed since the start
};

// Voices that go in step and share each read of the weights; a voice's numbers are the same in any company.
// Allocates when made; logits, push and reset never do.
class RunState {
  public:
    explicit RunState(std::shared_ptr<const Model> model, int voices = 1);
    int voices() const noexcept { return voices_; }
    // Of a voice's next sample, Q of them; valid until push, reset or set_state.
    std::span<const float> logits(int voice = 0) noexcept;
    // Takes a sample for each voice, drawn or given: priming is push without a draw. A level out of range is held at
    // the nearest.
    void push(std::span<const int> levels) noexcept;
    void push(int level) noexcept;  // the same for all
    void reset() noexcept;  // as fresh: learned initial states, silence behind it
    State state() const;
    void set_state(const State&);  // throws ModelError when it belongs to another network
    const Model& model() const noexcept { return *model_; }

  private:
    struct TierState {
        std::vector<float> h, c;  // [layers, D padded]; c of an LSTM
        std::vector<float> out;   // [D padded], what the tier hands down: the last layer's h, or with skips their sum
    };
    void step_tiers() noexcept;  // those whose frame is full at position_, from the top
    void step(std::size_t tier) noexcept;
    void hand_down(std::size_t tier) noexcept;

    std::shared_ptr<const Model> model_;
    int voices_ = 1;
    std::vector<RunState> others_;
    std::vector<TierState> tiers_;
    std::vector<std::uint16_t> history_;  // ring of B levels; sample t lies at t mod B
    std::uint64_t position_ = 0;
    bool have_logits_ = false;
    std::vector<float> u_, gates_, recurrent_, candidate_, z_, x_, y_, logits_;
};

// A level by inverse CDF from a uniform in [0, 1). Probabilities become integers before they are summed, so that the
// level is the same on every machine. Temperature 0 (or below, or NaN) is the likeliest level. Non-finite logits never
// win. At most max_levels logits.
int draw(std::span<const float> logits, float temperature, double uniform, const Kernels& = kernels()) noexcept;

}  // namespace legume::samplernn

// A checkpoint as the engine plays it: whatever stands in series without a nonlinearity is one matrix.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/checkpoint/quantise.h"
#include "nodes/samplernn/engine/layer.h"
#include "nodes/samplernn/engine/weights.h"
#include "nodes/samplernn/kernels/isa.h"

namespace legume::samplernn {

// Immutable, and shared by every voice that plays it. Folded in double and in a fixed order, so that the bytes are the
// same on every machine:
//   embedding and convolution into one table for each tap; without relu_after_sum the first hidden layer into those
//   tables and into the conditioning; a tier's input projection and conditioning into its first cell's input weights.
// Pruned matrices are not folded into each other: two of them are smaller than their product.
class Model {
  public:
    // About D^3 (12 R + F) multiplications: seconds for D = 1024. Throws ModelError when the tensors do not fit.
    explicit Model(const Checkpoint&, Precision = Precision::fp32, const Kernels& = samplernn::kernels());
    const Config config;
    const Precision precision;
    const Kernels& kernels;  // what it is folded and played with
    const Levels levels;

    std::size_t bytes() const;        // of weights and tables
    double bytes_per_sample() const;  // of them, read for each sample, when every weight counts; a mean

  private:
    friend class RunState;
    struct TierWeights {
        int frame = 0;
        Matrix input;                      // [G D, frame], times the last `frame` levels; in floats
        std::vector<Linear> conditioning;  // [G D, D] for each step within the frame above; of the top tier one bias
        std::vector<LayerWeights> layers;
    };
    void fold_tier(const Tensors& tensors, std::size_t i);
    void fold_sample_tier(const Tensors& tensors);

    std::vector<TierWeights> tiers_;
    std::vector<Linear> sample_conditioning_;  // [D, D] for each sample within the lowest frame
    Weights<float> tables_;                    // [F, Q, D]
    bool relu_sum_ = false;                    // whether a ReLU follows the sum of conditioning and tables
    std::vector<Affine> hidden_;               // [D, D]
    Affine out_;                               // [Q, D]
};

}  // namespace legume::samplernn

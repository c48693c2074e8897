// The network trained as anybody writes it in LibTorch: what the trainer's gradient, speed and memory are measured by.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/torch/network.h"
#include "nodes/samplernn/train/dropout.h"

namespace legume::samplernn {

// Embedding, conv1d, LibTorch's own GRU and LSTM over the window, cross entropy, one backward, its Adam.
class PlainTraining {
  public:
    // With a tensor NAME.g in company, NAME is the v of a weight norm.
    PlainTraining(const Config& config, const Tensors& tensors, const std::string& device = "cpu");
    ~PlainTraining();
    void set_states(int streams, std::span<const float> saved);       // as States::save() gives them; zeros before
    double learn(const Window& window, const Dropout& dropout = {});  // bits a sample
    void update(double learning_rate, double clip_norm);
    Tensors gradient() const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace legume::samplernn

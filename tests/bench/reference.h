// The network as LibTorch plays it step by step, written as well as LibTorch allows: what the engine is measured by.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include "nodes/samplernn/checkpoint/checkpoint.h"

namespace legume::samplernn {

// One voice, from a fresh state. Inference mode, preallocated tensors, matrix-vector products of BLAS; folded is
// nothing but what any user would fold: the convolution over a whole window is one product. LibTorch's threads are the
// caller's.
class Reference {
  public:
    explicit Reference(const Checkpoint& checkpoint);  // throws ModelError for other cells than GRUs of one layer
    ~Reference();
    int draw();                   // the next sample, pushed too
    std::vector<float> logits();  // of the next sample
    void push(int level);

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace legume::samplernn

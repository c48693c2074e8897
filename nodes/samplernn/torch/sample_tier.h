// The sample tier while it learns, chunk by chunk: each lane has its frames, its buffers and its own gradient.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "nodes/samplernn/checkpoint/checkpoint.h"

namespace at {
class Tensor;
}

namespace legume::samplernn {

class Team;

// A network's weights and their gradients by name; undefined where the config has none.
struct Bank {
    std::function<at::Tensor(const std::string&)> weight, gradient;
};

// Rows are ordered (frame, stream, sample in frame), which is how the tier above hands its conditioning down.
class SampleTier {
  public:
    // At most `rows` at once in each lane.
    SampleTier(const Config& config, const Bank& bank, Team& team, std::int64_t rows);
    ~SampleTier();

    void begin();  // whenever the weights have changed; forgets gradients
    // Sum of the losses in nats. `taps` [n, F] are rows of the tables (level + Q tap), `targets` [n], `cond` [n, D].
    double evaluate(const at::Tensor& taps, const at::Tensor& targets, const at::Tensor& cond);
    // The same, and the gradient of `scale` times the sum: `cond` becomes its own, the weights' is kept until end().
    double learn(const at::Tensor& taps, const at::Tensor& targets, const at::Tensor& cond, double scale);
    void end();                                                         // adds to the bank's gradients
    at::Tensor logits(const at::Tensor& taps, const at::Tensor& cond);  // of no more than `rows`, in one lane

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace legume::samplernn

// The frame tiers over a stretch of a window, forward and backward by hand; the stretch may be a part of the window.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/torch/sample_tier.h"
#include "nodes/samplernn/train/dropout.h"

namespace at {
class Tensor;
}

namespace legume::samplernn {

class Team;

// The states of all tiers' layers between two samples, or the loss's gradient by them.
struct TierStates {
    std::vector<std::vector<at::Tensor>> tiers;  // of each its cell's states, [layers, streams, size]
};

class Tiers {
  public:
    // Stretches of at most `samples` of `streams` streams.
    Tiers(const Config& config, const Bank& bank, Team& team, std::int64_t streams, std::int64_t samples);
    ~Tiers();

    void begin();  // whenever the weights have changed
    // Streams that begin anew (`fresh` [streams, 1] is true) take the learned state, or zeros.
    TierStates start(const TierStates& carried, const at::Tensor& fresh) const;
    // The learned states' gradient, from that of what start() gave.
    void end_start(const TierStates& gradient, const at::Tensor& fresh) const;
    // `levels` [streams, largest frame + samples], from the window's sample `from` on. Moves `states` on.
    void forward(const at::Tensor& levels, TierStates& states, const Dropout& dropout = {}, std::int64_t from = 0);
    // What forward() handed to the sample tier [samples / F * streams * F, D]; backward() finds its gradient there.
    at::Tensor cond() const;
    // After the forward() of the same stretch. `gradient` is by the states after it, then by those before it.
    void backward(TierStates& gradient);

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace legume::samplernn

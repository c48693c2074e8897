// One recurrent layer over a stretch of time, forward and backward by hand: lanes share out the width of the state.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "nodes/samplernn/checkpoint/cell.h"

namespace at {
class Tensor;
}

namespace legume::samplernn {

struct Config;
class Team;

// The steps do only what depends on the step before; all else is one product over time. Buffers are made once, for
// the longest stretch, and stay. Weights and states come in the order in which the kind of cell has them.
class Recurrence {
  public:
    using Arrays = std::span<const at::Tensor>;
    // For tensors like `like` (device, type), at most `steps` steps of `streams` streams.
    struct Size {
        std::int64_t steps, streams, dim;
        const at::Tensor& like;
    };
    virtual ~Recurrence() = default;

    virtual void take(Arrays weights) = 0;  // whenever they have changed

    // Both are called by every lane at once. x [steps B, in]; `first` are the states before the first step, [B, D]
    // each. After forward() h is in output() [steps B, D], and the states after the last step are in last().
    virtual void forward(int lane, std::int64_t steps, const at::Tensor& x, Arrays first) = 0;
    virtual at::Tensor output() const = 0;
    virtual at::Tensor last(std::size_t state) const = 0;

    // `grad` [steps B, D] is of output(); `carry`, of the last states, become those of the first. Adds to `gradients`,
    // of the weights; writes dx unless it is undefined. x as it was in forward().
    virtual void backward(int lane, const at::Tensor& x, const at::Tensor& grad, Arrays carry, Arrays gradients,
                          const at::Tensor& dx) = 0;
};

std::unique_ptr<Recurrence> make_recurrence(const Config& config, Cell cell, Team& team, const Recurrence::Size& size);

std::unique_ptr<Recurrence> make_gru(const Config& config, Team& team, const Recurrence::Size& size);
std::unique_ptr<Recurrence> make_lstm(const Config& config, Team& team, const Recurrence::Size& size);
std::unique_ptr<Recurrence> make_min_gru(const Config& config, Team& team, const Recurrence::Size& size);

// On a graphics card whose LibTorch has cuDNN. It has GRUs that reset after the matrix alone.
bool has_cudnn(const Recurrence::Size& size);
enum class CudnnMode : std::int64_t { lstm = 2, gru = 3 };  // cudnnRNNMode_t
std::unique_ptr<Recurrence> make_cudnn(CudnnMode mode, const Recurrence::Size& size);

}  // namespace legume::samplernn

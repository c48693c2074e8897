// One recurrent layer over a stretch of time, forward and backward by hand: lanes share out the width of the state.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>

namespace at {
class Tensor;
}

namespace legume::samplernn {

class Team;
enum class Cell;

// The steps do only what depends on the step before; all else is one product over time. Buffers are made once, for
// the longest stretch, and stay.
class Recurrence {
  public:
    struct Weights {  // or their gradients
        const at::Tensor &w_ih, &w_hh, &b_ih, &b_hh;
    };
    // For tensors like `like` (device, type), at most `steps` steps of `streams` streams.
    struct Size {
        std::int64_t steps, streams, dim;
        const at::Tensor& like;
    };
    virtual ~Recurrence() = default;

    virtual void take(const Weights& weights) = 0;  // whenever they have changed

    // Both are called by every lane at once. x [steps B, in]; the state before the first step in h and c [B, D] (c of
    // an LSTM alone). After forward() the states are in output() [steps B, D] and in last_h, last_c.
    virtual void forward(int lane, std::int64_t steps, const at::Tensor& x, const at::Tensor& first_h,
                         const at::Tensor& first_c) = 0;
    virtual at::Tensor output() const = 0;
    virtual at::Tensor last_h() const = 0;
    virtual at::Tensor last_c() const = 0;

    // `grad` [steps B, D] is of output(); carry_h and carry_c, of the last states, become those of the first. Adds to
    // `gradients`; writes dx unless it is undefined. x as it was in forward().
    virtual void backward(int lane, const at::Tensor& x, const at::Tensor& grad, const at::Tensor& carry_h,
                          const at::Tensor& carry_c, const Weights& gradients, const at::Tensor& dx) = 0;
};

std::unique_ptr<Recurrence> make_gru(Team& team, const Recurrence::Size& size, bool reset_after);
std::unique_ptr<Recurrence> make_lstm(Team& team, const Recurrence::Size& size);
std::unique_ptr<Recurrence> make_min_gru(Team& team, const Recurrence::Size& size);
// A GRU (reset after) or an LSTM, on a graphics card whose LibTorch has cuDNN.
std::unique_ptr<Recurrence> make_cudnn(Cell cell, const Recurrence::Size& size);

}  // namespace legume::samplernn

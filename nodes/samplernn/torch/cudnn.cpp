// GRU and LSTM on an NVIDIA card: one call of cuDNN for a whole stretch, where the steps by hand are bound by launches.
// SPDX-License-Identifier: MIT
#include <ATen/ATen.h>

#include <array>
#include <tuple>
#include <vector>

#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/torch/recurrence.h"

namespace legume::samplernn {
namespace {

using Array = at::Tensor;

constexpr std::int64_t lstm_mode = 2, gru_mode = 3;  // cudnnRNNMode_t

struct Cudnn final : Recurrence {
    std::int64_t mode, B, D, T = 0;                        // streams, width, steps at hand
    std::vector<Array> weights;                            // w_ih, w_hh, b_ih, b_hh
    Array packed;                                          // all of them
    Array first_h, first_c, h, h_after, c_after, reserve;  // [1, B, D], h [T, B, D]

    Cudnn(std::int64_t which, const Size& size) : mode(which), B(size.streams), D(size.dim) {}

    void take(const Weights& w) override {
        weights = {w.w_ih.clone(), w.w_hh.clone(), w.b_ih.clone(), w.b_hh.clone()};  // views of `packed` from then on
        packed = at::_cudnn_rnn_flatten_weight(weights, 4, w.w_ih.size(1), mode, D, 0, 1, false, false);
    }

    void forward(int, std::int64_t steps, const Array& x, const Array& h0, const Array& c0) override {
        T = steps;
        first_h = h0.unsqueeze(0).contiguous();
        if (mode == lstm_mode) first_c = c0.unsqueeze(0).contiguous();
        std::tie(h, h_after, c_after, reserve, std::ignore) = at::_cudnn_rnn(
            x.view({T, B, -1}), weights, 4, packed, first_h, first_c, mode, D, 0, 1, false, 0, true, false, {}, {});
    }

    Array output() const override { return h.view({-1, D}); }
    Array last_h() const override { return h_after[0]; }
    Array last_c() const override { return mode == lstm_mode ? c_after[0] : Array(); }

    void backward(int, const Array& x, const Array& grad, const Array& carry_h, const Array& carry_c,
                  const Weights& gradients, const Array& dx) override {
        const bool lstm = mode == lstm_mode;
        const auto [by_x, by_h, by_c, by_w] = at::_cudnn_rnn_backward(
            x.view({T, B, -1}), weights, 4, packed, first_h, first_c, h, grad.view({T, B, D}), carry_h.unsqueeze(0),
            lstm ? carry_c.unsqueeze(0) : Array(), mode, D, 0, 1, false, 0, true, false, {}, {}, reserve,
            std::array<bool, 4>{dx.defined(), true, lstm, true});
        Array(carry_h).copy_(by_h[0]);
        if (lstm) Array(carry_c).copy_(by_c[0]);
        Array(gradients.w_ih).add_(by_w[0]);
        Array(gradients.w_hh).add_(by_w[1]);
        Array(gradients.b_ih).add_(by_w[2]);
        Array(gradients.b_hh).add_(by_w[3]);
        if (dx.defined()) Array(dx).copy_(by_x.view(dx.sizes()));
    }
};

}  // namespace

std::unique_ptr<Recurrence> make_cudnn(Cell cell, const Recurrence::Size& size) {
    return std::make_unique<Cudnn>(cell == Cell::lstm ? lstm_mode : gru_mode, size);
}

}  // namespace legume::samplernn

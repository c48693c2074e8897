// GRU and LSTM on an NVIDIA card: one call of cuDNN for a whole stretch, where the steps by hand are bound by launches.
// SPDX-License-Identifier: MIT
#include <ATen/ATen.h>

#include <array>
#include <tuple>
#include <vector>

#include "nodes/samplernn/torch/recurrence.h"

namespace legume::samplernn {
namespace {

using Array = at::Tensor;

struct Cudnn final : Recurrence {
    std::int64_t mode, B, D, T = 0;                        // streams, width, steps at hand
    std::vector<Array> weights;                            // w_ih, w_hh, b_ih, b_hh
    Array packed;                                          // all of them
    Array first_h, first_c, h, h_after, c_after, reserve;  // [1, B, D], h [T, B, D]
    const bool lstm;

    Cudnn(CudnnMode which, const Size& size)
        : mode(static_cast<std::int64_t>(which)), B(size.streams), D(size.dim), lstm(which == CudnnMode::lstm) {}

    void take(Arrays own) override {
        weights.clear();
        for (const auto& weight : own) weights.push_back(weight.clone());  // views of `packed` from then on
        packed = at::_cudnn_rnn_flatten_weight(weights, 4, own[0].size(1), mode, D, 0, 1, false, false);
    }

    void forward(int, std::int64_t steps, const Array& x, Arrays first) override {
        T = steps;
        first_h = first[0].unsqueeze(0).contiguous();
        if (lstm) first_c = first[1].unsqueeze(0).contiguous();
        std::tie(h, h_after, c_after, reserve, std::ignore) = at::_cudnn_rnn(
            x.view({T, B, -1}), weights, 4, packed, first_h, first_c, mode, D, 0, 1, false, 0, true, false, {}, {});
    }

    Array output() const override { return h.view({-1, D}); }
    Array last(std::size_t state) const override { return state == 0 ? h_after[0] : c_after[0]; }

    void backward(int, const Array& x, const Array& grad, Arrays carry, Arrays gradients, const Array& dx) override {
        const auto [by_x, by_h, by_c, by_w] = at::_cudnn_rnn_backward(
            x.view({T, B, -1}), weights, 4, packed, first_h, first_c, h, grad.view({T, B, D}), carry[0].unsqueeze(0),
            lstm ? carry[1].unsqueeze(0) : Array(), mode, D, 0, 1, false, 0, true, false, {}, {}, reserve,
            std::array<bool, 4>{dx.defined(), true, lstm, true});
        Array(carry[0]).copy_(by_h[0]);
        if (lstm) Array(carry[1]).copy_(by_c[0]);
        for (std::size_t i = 0; i < by_w.size(); ++i) Array(gradients[i]).add_(by_w[i]);
        if (dx.defined()) Array(dx).copy_(by_x.view(dx.sizes()));
    }
};

}  // namespace

bool has_cudnn(const Recurrence::Size& size) { return size.like.is_cuda() && at::globalContext().hasCuDNN(); }

std::unique_ptr<Recurrence> make_cudnn(CudnnMode mode, const Recurrence::Size& size) {
    return std::make_unique<Cudnn>(mode, size);
}

}  // namespace legume::samplernn

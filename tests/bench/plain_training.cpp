// Nothing here is clever: each layer is one LibTorch call over the whole window, and autograd does the rest.
// SPDX-License-Identifier: MIT
#include "tests/bench/plain_training.h"

#include <torch/nn/module.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adam.h>
#include <torch/types.h>

#include <cmath>
#include <map>
#include <string>

namespace legume::samplernn {
namespace {

using Array = torch::Tensor;  // Tensor is the checkpoint's

// TF1's GRU, which LibTorch has not. x [T, B, in], h [B, D]. Gives [T, B, D].
Array gru_reset_before(const Array& x, Array h, const Array& w_ih, const Array& w_hh, const Array& b_ih,
                       const Array& b_hh) {
    const auto D = h.size(1);
    std::vector<Array> all;
    for (const auto& in : torch::linear(x, w_ih, b_ih).unbind(0)) {
        const Array rz = torch::sigmoid(in.narrow(1, 0, 2 * D) +
                                        torch::linear(h, w_hh.narrow(0, 0, 2 * D), b_hh.narrow(0, 0, 2 * D)));
        const Array r = rz.narrow(1, 0, D), z = rz.narrow(1, D, D);
        const Array n = torch::tanh(in.narrow(1, 2 * D, D) +
                                    torch::linear(r * h, w_hh.narrow(0, 2 * D, D), b_hh.narrow(0, 2 * D, D)));
        h = (1 - z) * n + z * h;
        all.push_back(h);
    }
    return torch::stack(all);
}

// Feng et al. 2024, step by step. x [T, B, in], h [B, D]. Gives [T, B, D].
Array min_gru(const Array& x, Array h, const Array& w, const Array& b) {
    std::vector<Array> all;
    for (const auto& in : torch::linear(x, w, b).unbind(0)) {
        const auto sums = in.chunk(2, 1);
        const Array z = torch::sigmoid(sums[0]);
        h = (1 - z) * h + z * sums[1];
        all.push_back(h);
    }
    return torch::stack(all);
}

}  // namespace

struct PlainTraining::Parts {
    Config config;
    torch::Device device;
    std::map<std::string, Array> leaves;  // with NAME.g, NAME is weight norm's v
    std::map<std::string, Array> weights;
    std::vector<Array> h, c;  // a tier each: [layers, B, D]
    std::vector<Array> parameters;
    std::unique_ptr<torch::optim::Adam> adam;

    void make_states(std::int64_t streams) {
        for (const auto& tier : config.tiers) {
            h.push_back(torch::zeros({tier.layers, streams, config.dim}, device));
            c.push_back(torch::zeros({tier.cell == Cell::lstm ? tier.layers : 0, streams, config.dim}, device));
        }
    }

    Array find(const std::string& name) const {
        const auto found = weights.find(name);
        return found == weights.end() ? Array() : found->second;
    }

    // x [T, B, in] to [T, B, D].
    Array cells(std::size_t i, Array x, const Array& fresh) {
        const Tier& tier = config.tiers[i];
        const std::string prefix = "tier." + std::to_string(i) + ".";
        auto begin = [&](const Array& carried, const std::string& learned, std::int64_t k) {
            const Array h0 = find(prefix + learned);
            return torch::where(fresh, h0.defined() ? h0[k] : torch::zeros({config.dim}, device), carried[k]);
        };
        Array sum;
        for (std::int64_t k = 0; k < tier.layers; ++k) {
            const std::string cell = prefix + "cell." + std::to_string(k) + ".";
            const std::vector<Array> w{find(cell + "w_ih"), find(cell + "w_hh"), find(cell + "b_ih"),
                                       find(cell + "b_hh")};
            const Array h0 = begin(h[i], "h0", k);
            if (tier.cell == Cell::lstm) {
                const auto [out, last_h, last_c] = torch::lstm(x, {h0.unsqueeze(0), begin(c[i], "c0", k).unsqueeze(0)},
                                                               w, true, 1, 0, true, false, false);
                x = out;
                c[i] = torch::cat({c[i].narrow(0, 0, k), last_c.detach(), c[i].narrow(0, k + 1, tier.layers - k - 1)});
            } else if (tier.cell == Cell::min_gru) {
                x = min_gru(x, h0, w[0], w[2]);
            } else if (config.reset_after) {
                x = std::get<0>(torch::gru(x, h0.unsqueeze(0), w, true, 1, 0, true, false, false));
            } else {
                x = gru_reset_before(x, h0, w[0], w[1], w[2], w[3]);
            }
            h[i] = torch::cat({h[i].narrow(0, 0, k), x.detach().narrow(0, x.size(0) - 1, 1),
                               h[i].narrow(0, k + 1, tier.layers - k - 1)});
            sum = sum.defined() && config.skip ? sum + x : x;
        }
        return sum;
    }

    void fold() {
        for (const auto& [name, t] : leaves) {
            const auto g = leaves.find(name + ".g");
            auto sizes = t.sizes().vec();
            for (std::size_t i = 1; i < sizes.size(); ++i) sizes[i] = 1;
            weights[name] = g == leaves.end() ? t : torch::_weight_norm(t, g->second.view(sizes), 0);
        }
    }

    Array factors(const Dropout& dropout, std::size_t tier, at::IntArrayRef sizes) const {  // [steps, B, D]
        std::vector<float> all;
        for (std::int64_t step = 0; step < sizes[0]; ++step)
            for (std::int64_t stream = 0; stream < sizes[1]; ++stream)
                for (std::int64_t unit = 0; unit < sizes[2]; ++unit)
                    all.push_back(dropout.factor(tier, static_cast<std::uint64_t>(step),
                                                 static_cast<std::uint64_t>(stream), static_cast<std::uint64_t>(unit)));
        return torch::from_blob(all.data(), sizes).clone().to(device);
    }

    // The loss in nats a sample.
    Array loss(const Window& w, const Dropout& dropout) {
        const std::int64_t B = w.streams, T = w.samples, D = config.dim, F = config.tiers[0].frame;
        const Array levels =
            torch::from_blob(const_cast<std::int32_t*>(w.levels.data()), {B, w.history + T}, torch::kInt)
                .to(device, torch::kLong);
        const Array fresh =
            torch::from_blob(const_cast<std::uint8_t*>(w.fresh.data()), {B, 1}, torch::kByte).to(device, torch::kBool);
        const double q = config.levels;
        Array cond;  // [steps, B, D]
        for (auto i = config.tiers.size(); i-- > 0;) {
            const Tier& tier = config.tiers[i];
            const std::string prefix = "tier." + std::to_string(i) + ".";
            const std::int64_t steps = T / tier.frame, ratio = i == 0 ? F : tier.frame / config.tiers[i - 1].frame;
            const Array u = levels.narrow(1, w.history - tier.frame, T).to(torch::kFloat).view({B, steps, tier.frame});
            Array x = (config.frame_scale == FrameScale::theano ? u * (4 / q) - 2 : u / q - 2).transpose(0, 1);
            if (const Array w_in = find(prefix + "input.weight"); w_in.defined())
                x = torch::linear(x, w_in, find(prefix + "input.bias"));
            if (cond.defined()) x = x + cond;
            x = cells(i, x, fresh);
            if (dropout.share > 0) x = x * factors(dropout, i, x.sizes());
            const Array up = torch::linear(x, find(prefix + "up.weight"), find(prefix + "up.bias"));
            cond = up.view({steps, B, ratio, D}).transpose(1, 2).reshape({steps * ratio, B, D});
        }
        const Array embedded = torch::embedding(find("sample.embedding"), levels.narrow(1, w.history - F, T + F - 1));
        Array x = torch::conv1d(embedded.transpose(1, 2), find("sample.conv"), find("sample.conv_bias"));  // [B, D, T]
        x = x.permute({2, 0, 1}) + cond;
        if (config.relu_after_sum) x = torch::relu(x);
        for (int i = 0; i < config.hidden; ++i) {
            const std::string name = "sample.hidden." + std::to_string(i) + ".";
            x = torch::relu(torch::linear(x, find(name + "weight"), find(name + "bias")));
        }
        const Array logits = torch::linear(x, find("sample.out.weight"), find("sample.out.bias"));
        return torch::cross_entropy_loss(logits.reshape({T * B, config.levels}),
                                         levels.narrow(1, w.history, T).t().reshape({T * B}));
    }
};

PlainTraining::PlainTraining(const Config& config, const Tensors& tensors, const std::string& device)
    : parts_(new Parts{config, device, {}, {}, {}, {}, {}, {}}) {
    auto& all = parts_->parameters;
    for (const auto& [name, tensor] : tensors) {
        all.push_back(torch::from_blob(const_cast<float*>(tensor.values.data()), tensor.shape).clone().to(device));
        parts_->leaves[name] = all.back().requires_grad_();
    }
    parts_->adam = std::make_unique<torch::optim::Adam>(all, torch::optim::AdamOptions(1e-3));
}
PlainTraining::~PlainTraining() = default;

void PlainTraining::set_states(int streams, std::span<const float> saved) {
    auto& p = *parts_;
    p.h.clear();
    p.c.clear();
    p.make_states(streams);
    for (auto* list : {&p.h, &p.c})
        for (auto& state : *list) {
            const auto n = static_cast<std::size_t>(state.numel());
            state = torch::from_blob(const_cast<float*>(saved.data()), state.sizes()).clone().to(p.device);
            saved = saved.subspan(n);
        }
}

double PlainTraining::learn(const Window& window, const Dropout& dropout) {
    auto& p = *parts_;
    if (p.h.empty()) p.make_states(window.streams);
    p.adam->zero_grad();
    p.fold();
    const Array loss = p.loss(window, dropout);
    loss.backward();
    return loss.item<double>() / std::log(2.0);
}

void PlainTraining::update(double learning_rate, double clip_norm) {
    auto& p = *parts_;
    for (auto& group : p.adam->param_groups())
        static_cast<torch::optim::AdamOptions&>(group.options()).lr(learning_rate);
    torch::nn::utils::clip_grad_norm_(p.parameters, clip_norm);
    p.adam->step();
}

Tensors PlainTraining::gradient() const {
    Tensors all;
    for (const auto& [name, weight] : parts_->leaves) {
        const Array g =
            (weight.grad().defined() ? weight.grad() : torch::zeros_like(weight)).to(torch::kCPU).contiguous();
        all[name] = {weight.sizes().vec(), {g.data_ptr<float>(), g.data_ptr<float>() + g.numel()}};
    }
    return all;
}

}  // namespace legume::samplernn

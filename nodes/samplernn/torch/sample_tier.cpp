// By hand, not by autograd: buffers are made once and stay in the cache, and lanes need no copy of the weights.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/torch/sample_tier.h"

#include <ATen/ATen.h>

#include <vector>

#include "nodes/samplernn/torch/team.h"

namespace legume::samplernn {
namespace {

using Array = at::Tensor;  // Tensor is the checkpoint's

struct Linear {
    std::string name;
    Array w, b;  // b may be undefined
};

struct Lane {
    Array table, bias;          // gradients
    std::vector<Array> dw, db;  // a layer each
    std::vector<Array> x;       // each layer's input [rows, D]
    Array logits, d, other;     // [rows, Q], [rows, D]
    Array loss;                 // double
};

}  // namespace

struct SampleTier::Parts {
    const Config& config;
    Bank bank;
    Team& team;
    std::int64_t D, Q, F, most;
    Array table, bias;  // [F Q, D], tap by tap; of the convolution
    std::vector<Linear> layers;
    std::vector<Lane> lanes;

    // s = cond + bias + the taps' rows of the table. LibTorch's own are several times slower on the CPU.
    void gather(const Array& taps, const Array& cond, Array s) const {
        if (!s.is_cpu()) {
            const Array offsets = at::arange(taps.size(0), taps.options()).mul_(F);
            s.copy_(std::get<0>(at::embedding_bag(table, taps.reshape({-1}), offsets))).add_(cond);
            if (bias.defined()) s.add_(bias);
            return;
        }
        const auto* index = taps.data_ptr<std::int32_t>();
        const auto *rows = table.data_ptr<float>(), *from = cond.data_ptr<float>();
        const auto* b = bias.defined() ? bias.data_ptr<float>() : nullptr;
        auto* to = s.data_ptr<float>();
        for (std::int64_t i = 0; i < taps.size(0); ++i, to += D, from += D) {
            for (std::int64_t d = 0; d < D; ++d) to[d] = from[d];
            if (b)
                for (std::int64_t d = 0; d < D; ++d) to[d] += b[d];
            for (std::int64_t tap = 0; tap < F; ++tap) {
                const float* row = rows + *index++ * D;
                for (std::int64_t d = 0; d < D; ++d) to[d] += row[d];
            }
        }
    }
    void scatter(const Array& taps, const Array& ds, Array into) const {
        if (!ds.is_cpu()) {
            const Array one = at::ones({taps.size(0), 1}, ds.options());
            for (std::int64_t tap = 0; tap < F; ++tap) {  // a product, whose sums have one order: index_add_'s have not
                const Array row = taps.narrow(1, tap, 1).to(at::kLong).sub_(tap * Q);
                into.narrow(0, tap * Q, Q)
                    .addmm_(at::zeros({row.size(0), Q}, ds.options()).scatter_(1, row, one).t(), ds);
            }
            return;
        }
        const auto* index = taps.data_ptr<std::int32_t>();
        const auto* from = ds.data_ptr<float>();
        auto* rows = into.data_ptr<float>();
        for (std::int64_t i = 0; i < taps.size(0); ++i, from += D)
            for (std::int64_t tap = 0; tap < F; ++tap) {
                float* row = rows + *index++ * D;
                for (std::int64_t d = 0; d < D; ++d) row[d] += from[d];
            }
    }

    Array forward(Lane& lane, const Array& taps, const Array& cond) const {
        const auto n = taps.size(0);
        gather(taps, cond, lane.x[0].narrow(0, 0, n));
        if (config.relu_after_sum) lane.x[0].narrow(0, 0, n).relu_();
        for (std::size_t i = 0; i < layers.size(); ++i) {
            const bool last = i + 1 == layers.size();
            Array out = (last ? lane.logits : lane.x[i + 1]).narrow(0, 0, n);
            const Array in = lane.x[i].narrow(0, 0, n), w = layers[i].w.t();
            if (layers[i].b.defined())
                at::addmm_out(out, layers[i].b, in, w);
            else
                at::mm_out(out, in, w);
            if (!last) out.relu_();
        }
        return lane.logits.narrow(0, 0, n);
    }

    // The loss goes to the lane; gives the logarithms of the probabilities, in the place of the logits.
    static Array lose(Lane& lane, Array logits, const Array& targets) {
        const Array logs = at::log_softmax(logits, 1);
        lane.loss.sub_(logs.gather(1, targets.unsqueeze(1)).sum(at::kDouble));
        logits.copy_(logs);
        return logits;
    }

    void backward(Lane& lane, const Array& taps, const Array& targets, const Array& cond, double scale) const {
        const auto n = taps.size(0);
        Array d = lose(lane, forward(lane, taps, cond), targets).exp_();
        d.scatter_add_(1, targets.unsqueeze(1), at::full({n, 1}, -1.0, d.options()));
        d.mul_(scale);
        for (auto i = layers.size(); i-- > 0;) {
            const Array in = lane.x[i].narrow(0, 0, n);
            lane.dw[i].addmm_(d.t(), in);
            if (layers[i].b.defined()) lane.db[i].add_(d.sum(0));
            Array below = (i % 2 ? lane.other : lane.d).narrow(0, 0, n);
            at::mm_out(below, d, layers[i].w);
            if (i > 0 || config.relu_after_sum) {
                Array masked = below;
                at::threshold_backward_out(masked, below, in, 0);
            }
            d = below;
        }
        scatter(taps, d, lane.table);
        if (bias.defined()) lane.bias.add_(d.sum(0));
        Array(cond).copy_(d);
    }

    template <class Chunk>
    double each(std::int64_t count, Chunk chunk) {
        team.each([&](int l) {
            const c10::InferenceMode mode;
            Lane& lane = lanes[static_cast<std::size_t>(l)];
            lane.loss.zero_();
            const auto part = share(count, l, team.lanes());
            for (std::int64_t at = 0; at < part.count; at += most)
                chunk(lane, part.from + at, std::min(most, part.count - at));
        });
        double sum = 0;
        for (const auto& lane : lanes) sum += lane.loss.item<double>();
        return sum;
    }
};

SampleTier::SampleTier(const Config& config, const Bank& bank, Team& team, std::int64_t rows)
    : parts_(new Parts{config, bank, team, config.dim, config.levels, config.tiers[0].frame, rows, {}, {}, {}, {}}) {
    auto& p = *parts_;
    for (int i = 0; i < config.hidden; ++i) p.layers.push_back({"sample.hidden." + std::to_string(i) + ".", {}, {}});
    p.layers.push_back({"sample.out.", {}, {}});
    const auto options = bank.weight("sample.embedding").options();
    for (int l = 0; l < team.lanes(); ++l) {
        Lane lane;
        for (std::size_t i = 0; i < p.layers.size(); ++i) lane.x.push_back(at::empty({rows, p.D}, options));
        lane.logits = at::empty({rows, p.Q}, options);
        lane.d = at::empty({rows, p.D}, options);
        lane.other = at::empty({rows, p.D}, options);
        lane.loss = at::zeros({}, options.dtype(at::kDouble));
        p.lanes.push_back(std::move(lane));
    }
}
SampleTier::~SampleTier() = default;

void SampleTier::begin() {
    auto& p = *parts_;
    for (auto& layer : p.layers) {
        layer.w = p.bank.weight(layer.name + "weight");
        layer.b = p.bank.weight(layer.name + "bias");
    }
    p.bias = p.bank.weight("sample.conv_bias");
    const Array conv = p.bank.weight("sample.conv"), embedding = p.bank.weight("sample.embedding");
    p.table = at::matmul(embedding, conv.permute({2, 1, 0})).reshape({-1, p.D});
    for (auto& lane : p.lanes) {
        lane.table = at::zeros_like(p.table);
        lane.bias = at::zeros({p.D}, p.table.options());
        lane.dw.clear();
        lane.db.clear();
        for (const auto& layer : p.layers) {
            lane.dw.push_back(at::zeros_like(layer.w));
            lane.db.push_back(at::zeros({layer.w.size(0)}, layer.w.options()));
        }
    }
}

double SampleTier::evaluate(const Array& taps, const Array& targets, const Array& cond) {
    auto& p = *parts_;
    return p.each(taps.size(0), [&](Lane& lane, std::int64_t at, std::int64_t n) {
        Parts::lose(lane, p.forward(lane, taps.narrow(0, at, n), cond.narrow(0, at, n)), targets.narrow(0, at, n));
    });
}

double SampleTier::learn(const Array& taps, const Array& targets, const Array& cond, double scale) {
    auto& p = *parts_;
    return p.each(taps.size(0), [&](Lane& lane, std::int64_t at, std::int64_t n) {
        p.backward(lane, taps.narrow(0, at, n), targets.narrow(0, at, n), cond.narrow(0, at, n), scale);
    });
}

void SampleTier::end() {
    auto& p = *parts_;
    const auto all = static_cast<std::size_t>(p.team.lanes());
    for (std::size_t l = 1; l < all; ++l) p.lanes[0].table.add_(p.lanes[l].table);
    const Array conv = p.bank.weight("sample.conv"), embedding = p.bank.weight("sample.embedding");
    const Array d_conv = p.bank.gradient("sample.conv"), d_embedding = p.bank.gradient("sample.embedding");
    for (std::int64_t tap = 0; tap < p.F; ++tap) {
        const Array d = p.lanes[0].table.narrow(0, tap * p.Q, p.Q);
        d_embedding.add_(d.mm(conv.select(2, tap)));
        d_conv.select(2, tap).add_(d.t().mm(embedding));
    }
    for (const auto& lane : p.lanes) {
        if (p.bias.defined()) p.bank.gradient("sample.conv_bias").add_(lane.bias);
        for (std::size_t i = 0; i < p.layers.size(); ++i) {
            p.bank.gradient(p.layers[i].name + "weight").add_(lane.dw[i]);
            if (p.layers[i].b.defined()) p.bank.gradient(p.layers[i].name + "bias").add_(lane.db[i]);
        }
    }
}

Array SampleTier::logits(const Array& taps, const Array& cond) {
    return parts_->forward(parts_->lanes[0], taps, cond).clone();
}

}  // namespace legume::samplernn

// Lanes share out rows, and a weight's gradient by its rows; only the recurrences need them to meet at every step.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/torch/tiers.h"

#include <ATen/ATen.h>

#include <string>

#include "nodes/samplernn/torch/recurrence.h"
#include "nodes/samplernn/torch/team.h"

namespace legume::samplernn {
namespace {

using Array = at::Tensor;  // Tensor is the checkpoint's

struct Layer {
    std::unique_ptr<Recurrence> cell;
    std::vector<Array> weights, gradients;
};

// Rows are ordered (step, stream). Buffers are as long as the longest stretch needs.
struct Frames {
    std::span<const CellState> states;
    std::int64_t frame = 0, ratio = 0;                         // samples; steps of the tier below in one of these
    Array w_in, b_in, w_up, b_up, dw_in, db_in, dw_up, db_up;  // w_in and the biases may be undefined
    std::vector<Layer> layers;
    Array u, x, sum, up;        // [rows, frame], [rows, D], [rows, D] (of several layers), [rows, ratio D]
    Array factors, kept;        // [rows, D]: of a dropout, and what it leaves of the output
    Array d_out, d_x, d_layer;  // gradients [rows, D]; d_layer: what comes from the layer above
};

Array part_of(const Array& rows, int lane, const Team& team) {
    const auto part = share(rows.size(0), lane, team.lanes());
    return rows.narrow(0, part.from, part.count);
}

std::string first_name(std::size_t tier, const CellState& state) {
    return "tier." + std::to_string(tier) + "." + state.name + "0";
}

// A layer's part of its tier's states.
std::vector<Array> of_layer(const std::vector<Array>& states, std::size_t layer) {
    std::vector<Array> own;
    for (const auto& state : states) own.push_back(state[static_cast<std::int64_t>(layer)]);
    return own;
}

void linear(Array out, const Array& x, const Array& w, const Array& b) {
    if (b.defined())
        at::addmm_out(out, b, x, w.t());
    else
        at::mm_out(out, x, w.t());
}

// A lane's rows of the gradients of w and b, where y = x w^T + b.
void learn_linear(int lane, const Team& team, const Array& dy, const Array& x, const Array& dw, const Array& db) {
    const auto part = share(dy.size(1), lane, team.lanes());
    const Array d = dy.narrow(1, part.from, part.count);
    dw.narrow(0, part.from, part.count).addmm_(d.t(), x);
    if (db.defined()) db.narrow(0, part.from, part.count).add_(d.sum(0));
}

}  // namespace

struct Tiers::Parts {
    const Config& config;
    Bank bank;
    Team& team;
    std::int64_t B, D, samples = 0, from = 0;  // of the stretch at hand
    Dropout dropout;
    std::vector<Frames> tiers;

    std::int64_t rows(const Frames& t) const { return samples / t.frame * B; }
    // From (step, stream, step below) to (step, step below, stream): a tier's `up` as its lower neighbour's rows.
    Array below(const Frames& t) const { return t.up.narrow(0, 0, rows(t)).view({-1, B, t.ratio, D}).transpose(1, 2); }

    // Top tier first; by every lane at once.
    void forward(int lane, const Array& levels, const TierStates& states, std::size_t i) {
        Frames& t = tiers[i];
        const auto n = rows(t), steps = n / B;
        const Array u = t.u.narrow(0, 0, n);
        if (lane == 0) {
            const auto history = levels.size(1) - samples;
            const double q = config.levels;
            const Array seen = levels.narrow(1, history - t.frame, samples).to(at::kFloat);
            u.view({steps, B, t.frame})
                .copy_((config.frame_scale == FrameScale::theano ? seen.mul(4 / q).sub(2) : seen.div(q).sub(2))
                           .view({B, steps, t.frame})
                           .transpose(0, 1));
        }
        team.meet();
        const Array x = t.w_in.defined() ? t.x.narrow(0, 0, n) : u;
        if (t.w_in.defined()) linear(part_of(x, lane, team), part_of(u, lane, team), t.w_in, t.b_in);
        if (i + 1 < tiers.size()) {
            const auto& above = tiers[i + 1];
            const auto part = share(rows(above) / B, lane, team.lanes());  // steps of the tier above
            team.meet();
            x.view({-1, above.ratio, B, D})
                .narrow(0, part.from, part.count)
                .add_(below(above).narrow(0, part.from, part.count));
        }
        team.meet();
        Array in = x;
        for (std::size_t k = 0; k < t.layers.size(); ++k) {
            auto& cell = *t.layers[k].cell;
            cell.forward(lane, steps, in, of_layer(states.tiers[i], k));
            in = cell.output();
            if (config.skip && t.layers.size() > 1) {
                Array sum = part_of(t.sum.narrow(0, 0, n), lane, team);
                if (k == 0)
                    sum.copy_(part_of(in, lane, team));
                else
                    sum.add_(part_of(in, lane, team));
            }
        }
        if (dropout.share > 0) {
            draw(lane, t, i);
            Array kept = part_of(t.kept.narrow(0, 0, n), lane, team);
            at::mul_out(kept, part_of(output(t), lane, team), part_of(t.factors.narrow(0, 0, n), lane, team));
        }
        linear(part_of(t.up.narrow(0, 0, n), lane, team), part_of(heard(t), lane, team), t.w_up, t.b_up);
        team.meet();
    }
    void draw(int lane, const Frames& t, std::size_t i) const {
        const auto part = share(rows(t), lane, team.lanes());
        const Array own = t.factors.narrow(0, part.from, part.count);
        const Array drawn = own.is_cpu() ? own : at::empty(own.sizes(), at::kFloat);
        auto* to = drawn.data_ptr<float>();
        for (auto row = part.from; row < part.from + part.count; ++row)
            for (std::int64_t unit = 0; unit < D; ++unit)
                *to++ = dropout.factor(i, static_cast<std::uint64_t>(from / t.frame + row / B),
                                       static_cast<std::uint64_t>(row % B), static_cast<std::uint64_t>(unit));
        if (!own.is_cpu()) own.copy_(drawn);
    }
    Array heard(const Frames& t) const {  // by the tier below
        return dropout.share > 0 ? t.kept.narrow(0, 0, rows(t)) : output(t);
    }
    Array output(const Frames& t) const {  // of the tier's layers
        return config.skip && t.layers.size() > 1 ? t.sum.narrow(0, 0, rows(t)) : t.layers.back().cell->output();
    }

    // `t.up` holds its gradient.
    void backward(int lane, const TierStates& gradient, std::size_t i) {
        Frames& t = tiers[i];
        const auto n = rows(t);
        const Array d_up = t.up.narrow(0, 0, n), d_out = t.d_out.narrow(0, 0, n);
        learn_linear(lane, team, d_up, heard(t), t.dw_up, t.db_up);
        Array into = part_of(d_out, lane, team);
        at::mm_out(into, part_of(d_up, lane, team), t.w_up);
        if (dropout.share > 0) into.mul_(part_of(t.factors.narrow(0, 0, n), lane, team));
        team.meet();
        const Array x = t.w_in.defined() ? t.x.narrow(0, 0, n) : t.u.narrow(0, 0, n);
        // By the layer's output: from the tier's, from the layer above, or with skips from both.
        Array d = d_out;
        for (auto k = t.layers.size(); k-- > 0;) {
            Layer& l = t.layers[k];
            const Array d_in = k > 0 || t.w_in.defined() ? (k % 2 ? t.d_layer : t.d_x).narrow(0, 0, n) : Array();
            l.cell->backward(lane, k > 0 ? t.layers[k - 1].cell->output() : x, d, of_layer(gradient.tiers[i], k),
                             l.gradients, d_in);
            if (k > 0 && config.skip) part_of(d_in, lane, team).add_(part_of(d_out, lane, team));
            team.meet();
            d = d_in;
        }
        if (!t.w_in.defined()) return;
        learn_linear(lane, team, d, t.u.narrow(0, 0, n), t.dw_in, t.db_in);
        if (i + 1 < tiers.size()) {
            const auto& above = tiers[i + 1];
            const auto part = share(rows(above) / B, lane, team.lanes());
            below(above)
                .narrow(0, part.from, part.count)
                .copy_(d.view({-1, above.ratio, B, D}).narrow(0, part.from, part.count));
        }
        team.meet();
    }
};

Tiers::Tiers(const Config& config, const Bank& bank, Team& team, std::int64_t streams, std::int64_t samples)
    : parts_(new Parts{config, bank, team, streams, config.dim, 0, 0, {}, {}}) {
    auto& p = *parts_;
    for (std::size_t i = 0; i < config.tiers.size(); ++i) {
        const Tier& tier = config.tiers[i];
        const CellKind& kind = kind_of(tier.cell);
        const std::string prefix = "tier." + std::to_string(i) + ".";
        auto both = [&](const std::string& name, Array& value, Array& gradient) {
            value = bank.weight(prefix + name);
            gradient = bank.gradient(prefix + name);
        };
        Frames t;
        t.states = kind.states;
        t.frame = tier.frame;
        t.ratio = i == 0 ? tier.frame : tier.frame / config.tiers[i - 1].frame;
        both("input.weight", t.w_in, t.dw_in);
        both("input.bias", t.b_in, t.db_in);
        both("up.weight", t.w_up, t.dw_up);
        both("up.bias", t.b_up, t.db_up);
        const auto steps = samples / tier.frame, rows = steps * streams;
        auto make = [&](std::int64_t width) { return at::empty({rows, width}, t.w_up.options()); };
        for (int k = 0; k < tier.layers; ++k) {
            const std::string cell = "cell." + std::to_string(k) + ".";
            Layer layer;
            layer.cell = make_recurrence(config, tier.cell, team, {steps, streams, p.D, t.w_up});
            for (const auto& tensor : kind.tensors)
                both(cell + tensor.name, layer.weights.emplace_back(), layer.gradients.emplace_back());
            t.layers.push_back(std::move(layer));
        }
        t.u = make(tier.frame);
        t.x = make(p.D);
        t.up = make(t.ratio * p.D);
        t.d_out = make(p.D);
        t.d_x = make(p.D);
        if (tier.layers > 1) {
            t.d_layer = make(p.D);
            t.sum = make(p.D);
        }
        p.tiers.push_back(std::move(t));
    }
}
Tiers::~Tiers() = default;

void Tiers::begin() {
    for (auto& t : parts_->tiers)
        for (auto& l : t.layers) l.cell->take(l.weights);
}

TierStates Tiers::start(const TierStates& carried, const Array& fresh) const {
    const auto& p = *parts_;
    TierStates states;
    for (std::size_t i = 0; i < p.tiers.size(); ++i) {
        auto& own = states.tiers.emplace_back();
        for (std::size_t s = 0; s < carried.tiers[i].size(); ++s) {  // [layers, B, size], learned [layers, size]
            const Array& old = carried.tiers[i][s];
            const Array learned = p.bank.weight(first_name(i, p.tiers[i].states[s]));
            own.push_back(
                at::where(fresh, learned.defined() ? learned.unsqueeze(1) : at::zeros({1}, old.options()), old));
        }
    }
    return states;
}

void Tiers::end_start(const TierStates& gradient, const Array& fresh) const {
    const auto& p = *parts_;
    for (std::size_t i = 0; i < p.tiers.size(); ++i) {
        for (std::size_t s = 0; s < gradient.tiers[i].size(); ++s) {
            const Array learned = p.bank.gradient(first_name(i, p.tiers[i].states[s]));
            if (learned.defined()) learned.add_((gradient.tiers[i][s] * fresh).sum(1));
        }
    }
}

void Tiers::forward(const Array& levels, TierStates& states, const Dropout& dropout, std::int64_t from) {
    auto& p = *parts_;
    p.dropout = dropout;
    p.from = from;
    if (dropout.share > 0)
        for (auto& t : p.tiers) {
            if (t.kept.defined()) continue;
            t.kept = at::empty_like(t.d_out);
            t.factors = at::empty_like(t.d_out);
        }
    p.samples = levels.size(1) - p.config.tiers.back().frame;
    p.team.each([&](int lane) {
        const c10::InferenceMode mode;
        for (auto i = p.tiers.size(); i-- > 0;) p.forward(lane, levels, states, i);
    });
    for (std::size_t i = 0; i < p.tiers.size(); ++i) {
        for (std::size_t s = 0; s < states.tiers[i].size(); ++s) {
            std::vector<Array> last;
            for (const auto& l : p.tiers[i].layers) last.push_back(l.cell->last(s));
            states.tiers[i][s] = at::stack(last);
        }
    }
}

Array Tiers::cond() const {
    const auto& p = *parts_;
    return p.tiers[0].up.narrow(0, 0, p.rows(p.tiers[0])).view({-1, p.D});
}

void Tiers::backward(TierStates& gradient) {
    auto& p = *parts_;
    p.team.each([&](int lane) {
        const c10::InferenceMode mode;
        for (std::size_t i = 0; i < p.tiers.size(); ++i) p.backward(lane, gradient, i);
    });
}

}  // namespace legume::samplernn

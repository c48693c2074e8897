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
    Array w_ih, w_hh, b_ih, b_hh, dw_ih, dw_hh, db_ih, db_hh;  // a minGRU has no w_hh and no b_hh
};

// Rows are ordered (step, stream). Buffers are as long as the longest stretch needs.
struct Frames {
    Cell cell = Cell::gru;
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

std::unique_ptr<Recurrence> make_cell(const Config& config, Cell cell, Team& team, const Recurrence::Size& size) {
    if (cell == Cell::min_gru) return make_min_gru(team, size);
    const bool reset_before = cell == Cell::gru && !config.reset_after;  // which cuDNN does not have
    if (size.like.is_cuda() && at::globalContext().hasCuDNN() && !reset_before) return make_cudnn(cell, size);
    return cell == Cell::lstm ? make_lstm(team, size) : make_gru(team, size, config.reset_after);
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
            const auto layer = static_cast<std::int64_t>(k);
            auto& cell = *t.layers[k].cell;
            cell.forward(lane, steps, in, states.h[i][layer], t.cell == Cell::lstm ? states.c[i][layer] : Array());
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
            const auto layer = static_cast<std::int64_t>(k);
            Layer& l = t.layers[k];
            const Array d_in = k > 0 || t.w_in.defined() ? (k % 2 ? t.d_layer : t.d_x).narrow(0, 0, n) : Array();
            l.cell->backward(lane, k > 0 ? t.layers[k - 1].cell->output() : x, d, gradient.h[i][layer],
                             t.cell == Cell::lstm ? gradient.c[i][layer] : Array(),
                             {l.dw_ih, l.dw_hh, l.db_ih, l.db_hh}, d_in);
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
        const std::string prefix = "tier." + std::to_string(i) + ".";
        auto both = [&](const std::string& name, Array& value, Array& gradient) {
            value = bank.weight(prefix + name);
            gradient = bank.gradient(prefix + name);
        };
        Frames t;
        t.cell = tier.cell;
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
            layer.cell = make_cell(config, tier.cell, team, {steps, streams, p.D, t.w_up});
            both(cell + "w_ih", layer.w_ih, layer.dw_ih);
            both(cell + "w_hh", layer.w_hh, layer.dw_hh);
            both(cell + "b_ih", layer.b_ih, layer.db_ih);
            both(cell + "b_hh", layer.b_hh, layer.db_hh);
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
        for (auto& l : t.layers) l.cell->take({l.w_ih, l.w_hh, l.b_ih, l.b_hh});
}

TierStates Tiers::start(const TierStates& carried, const Array& fresh) const {
    const auto& p = *parts_;
    TierStates states;
    for (std::size_t i = 0; i < p.tiers.size(); ++i) {
        auto begin = [&](const Array& old, const std::string& name) {  // old [layers, B, D], learned [layers, D]
            const Array learned = p.bank.weight("tier." + std::to_string(i) + "." + name);
            return at::where(fresh, learned.defined() ? learned.unsqueeze(1) : at::zeros({1}, old.options()), old);
        };
        states.h.push_back(begin(carried.h[i], "h0"));
        states.c.push_back(p.tiers[i].cell == Cell::lstm ? begin(carried.c[i], "c0") : carried.c[i]);
    }
    return states;
}

void Tiers::end_start(const TierStates& gradient, const Array& fresh) const {
    const auto& p = *parts_;
    for (std::size_t i = 0; i < p.tiers.size(); ++i) {
        auto add = [&](const Array& by_state, const std::string& name) {
            const Array learned = p.bank.gradient("tier." + std::to_string(i) + "." + name);
            if (learned.defined()) learned.add_((by_state * fresh).sum(1));
        };
        add(gradient.h[i], "h0");
        if (p.tiers[i].cell == Cell::lstm) add(gradient.c[i], "c0");
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
        std::vector<Array> h, c;
        for (const auto& l : p.tiers[i].layers) {
            h.push_back(l.cell->last_h());
            c.push_back(l.cell->last_c());
        }
        states.h[i] = at::stack(h);
        if (p.tiers[i].cell == Cell::lstm) states.c[i] = at::stack(c);
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

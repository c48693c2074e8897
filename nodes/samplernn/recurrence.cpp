// Columns of gates are ordered (lane, gate, unit): each lane's gates and weights lie side by side.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/recurrence.h"

#include <torch/torch.h>

#include <vector>

#include "nodes/samplernn/team.h"

namespace legume::samplernn {
namespace {

using Array = at::Tensor;

constexpr std::int64_t least_units = 16;  // a lane: less is not worth the meeting

}  // namespace

struct Recurrence::Parts {
    Recurrent kind;
    Team& team;
    std::int64_t B, D, G, L, n, T = 0;  // streams, width, gates, lanes that work, units of each, steps at hand
    // [T, B, G D]: sums, then gates, then the sums' gradient. `side` is the gradient beside h, where it differs: n of
    // a reset-after GRU.
    Array gates, side;
    Array h, extra;  // [T + 1, B, D]; extra: GRU: U_n h + c, or r * h; LSTM: c
    Array w_ih, w_hh, b_ih, b_hh;
    std::vector<Array> forth, back;  // a lane's w_hh [D, G n] and, for its units, [G D, n]
    std::vector<Array> product;      // [B, G n]

    Array lanes_first(const Array& w) const {  // rows (gate, unit) to (lane, gate, unit)
        return w.view({G, L, n, -1}).transpose(0, 1).reshape({G * D, -1}).contiguous();
    }
    // The rows of a gradient that belong to a lane, [G, n, in].
    Array rows(const Array& of, int lane) const { return of.view({G, L, n, -1}).select(1, lane); }
    Array columns(const Array& of, int lane) const { return of.narrow(-1, lane * G * n, G * n); }
    Array units(const Array& of, int lane) const { return of.narrow(-1, lane * n, n); }
    Array gate(const Array& of, std::int64_t i, std::int64_t count = 1) const {  // of a lane's columns
        return of.narrow(-1, i * n, count * n);
    }

    void step(int lane, std::int64_t t) {
        const Array before = h[t], a = columns(gates[t], lane), own = units(before, lane),
                    more = units(extra[t + 1], lane);
        const Array& p = product[static_cast<std::size_t>(lane)];
        const Array &w = forth[static_cast<std::size_t>(lane)], b = columns(b_hh, lane);
        Array after = units(h[t + 1], lane), out = p;
        if (kind == Recurrent::lstm) {
            at::addmm_out(out, b, before, w);
            a.add_(p);
            gate(a, 0, 2).sigmoid_();
            gate(a, 2).tanh_();
            gate(a, 3).sigmoid_();
            Array c = more;
            at::mul_out(c, gate(a, 1), units(extra[t], lane));
            c.addcmul_(gate(a, 0), gate(a, 2));
            at::tanh_out(after, c);
            after.mul_(gate(a, 3));
            return;
        }
        const Array rz = gate(a, 0, 2), candidate = gate(a, 2);
        if (kind == Recurrent::gru) {
            at::addmm_out(out, b, before, w);
            rz.add_(gate(p, 0, 2)).sigmoid_();
            more.copy_(gate(p, 2));
            candidate.addcmul_(more, gate(a, 0)).tanh_();
        } else {
            rz.add_(at::addmm(gate(b, 0, 2), before, gate(w, 0, 2))).sigmoid_();
            at::mul_out(out = more, gate(a, 0), own);
            team.meet();
            candidate.add_(at::addmm(gate(b, 2), extra[t + 1], gate(w, 2))).tanh_();
        }
        at::lerp_out(after, candidate, own, gate(a, 1));
    }

    // Sum over lanes of their columns' part of a product with w_hh, for this lane's units.
    void through_gates(const Array& into, int lane, const Array& d, std::int64_t first, std::int64_t count) const {
        for (int other = 0; other < L; ++other)
            into.addmm_(gate(columns(d, other), first, count),
                        back[static_cast<std::size_t>(lane)].narrow(0, (other * G + first) * n, count * n));
    }

    void step_back(int lane, std::int64_t t, const Array& dh, const Array& carry, const Array& carry_c) {
        const Array a = columns(gates[t], lane), before = units(h[t], lane), more = units(extra[t + 1], lane);
        if (kind == Recurrent::lstm) {
            const Array i = gate(a, 0), f = gate(a, 1), g = gate(a, 2), o = gate(a, 3), tc = more.tanh();
            const Array d_o = at::sigmoid_backward(dh * tc, o), dc = carry_c + at::tanh_backward(dh * o, tc);
            const Array d_i = at::sigmoid_backward(dc * g, i), d_g = at::tanh_backward(dc * i, g);
            Array next = carry_c;
            at::mul_out(next, dc, f);
            f.copy_(at::sigmoid_backward(dc * units(extra[t], lane), f));
            i.copy_(d_i);
            g.copy_(d_g);
            o.copy_(d_o);
        } else {
            const Array r = gate(a, 0), z = gate(a, 1), candidate = gate(a, 2);
            const Array through = dh * z;  // h' = n + z (h - n)
            const Array dz = at::sigmoid_backward((before - candidate).mul_(dh), z);
            const Array dn = at::tanh_backward(dh - through, candidate);
            candidate.copy_(dn);
            z.copy_(dz);
            if (kind == Recurrent::gru) {
                const Array s = columns(side[t], lane);
                gate(s, 2).copy_(dn * r);
                r.copy_(at::sigmoid_backward(more * dn, r));
                gate(s, 0, 2).copy_(gate(a, 0, 2));
            } else {
                team.meet();  // all of dn is there
                const Array drh = at::zeros_like(dh);
                through_gates(drh, lane, gates[t], 2, 1);
                const Array dr = at::sigmoid_backward(drh * before, r);
                through.addcmul_(drh, r);
                r.copy_(dr);
            }
            carry.copy_(through);
        }
        team.meet();
        if (kind == Recurrent::gru_reset_before) {
            through_gates(carry, lane, gates[t], 0, 2);
        } else {
            Array into = carry;
            const Array& w = back[static_cast<std::size_t>(lane)];
            if (kind == Recurrent::gru)
                into.addmm_(side[t], w);
            else
                at::mm_out(into, gates[t], w);
        }
    }
};

Recurrence::Recurrence(Recurrent kind, Team& team, std::int64_t steps, std::int64_t streams, std::int64_t dim,
                       const Array& like) {
    std::int64_t lanes = team.lanes();
    while (lanes > 1 && (dim % lanes != 0 || dim / lanes < least_units)) --lanes;
    const std::int64_t gates = kind == Recurrent::lstm ? 4 : 3;
    parts_.reset(
        new Parts{kind, team, streams, dim, gates, lanes, dim / lanes, 0, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}});
    auto& p = *parts_;
    p.gates = at::empty({steps, streams, gates * dim}, like.options());
    p.side = kind == Recurrent::gru ? at::empty_like(p.gates) : p.gates;
    p.h = at::empty({steps + 1, streams, dim}, like.options());
    p.extra = at::empty_like(p.h);
    for (int lane = 0; lane < lanes; ++lane) p.product.push_back(at::empty({streams, gates * p.n}, like.options()));
}
Recurrence::~Recurrence() = default;

void Recurrence::take(const Weights& weights) {
    auto& p = *parts_;
    p.w_ih = p.lanes_first(weights.w_ih);
    p.w_hh = p.lanes_first(weights.w_hh);
    p.b_ih = p.lanes_first(weights.b_ih).view({-1});
    p.b_hh = p.lanes_first(weights.b_hh).view({-1});
    p.forth.clear();
    p.back.clear();
    for (int lane = 0; lane < p.L; ++lane) {
        p.forth.push_back(p.w_hh.narrow(0, lane * p.G * p.n, p.G * p.n).t().contiguous());
        p.back.push_back(p.units(p.w_hh, lane).contiguous());
    }
}

void Recurrence::forward(int lane, std::int64_t steps, const Array& x, const Array& h, const Array& c) {
    auto& p = *parts_;
    if (lane == 0) {
        p.T = steps;
        p.h[0].copy_(h);
        if (p.kind == Recurrent::lstm) p.extra[0].copy_(c);
    }
    const auto part = share(x.size(0), lane, p.team.lanes());
    Array sums = p.gates.view({-1, p.G * p.D}).narrow(0, part.from, part.count);
    at::addmm_out(sums, p.b_ih, x.narrow(0, part.from, part.count), p.w_ih.t());
    p.team.meet();
    for (std::int64_t t = 0; t < steps; ++t) {
        if (lane < p.L)
            p.step(lane, t);
        else if (p.kind == Recurrent::gru_reset_before)
            p.team.meet();
        p.team.meet();
    }
}

Array Recurrence::output() const { return parts_->h.narrow(0, 1, parts_->T).view({-1, parts_->D}); }
Array Recurrence::last_h() const { return parts_->h[parts_->T]; }
Array Recurrence::last_c() const { return parts_->extra[parts_->T]; }

void Recurrence::backward(int lane, const Array& x, const Array& grad, const Array& carry_h, const Array& carry_c,
                          const Weights& gradients, const Array& dx) {
    auto& p = *parts_;
    const auto rows = p.T * p.B;
    if (lane < p.L) {
        const Array by_step = p.units(grad.view({p.T, p.B, p.D}), lane), carry = p.units(carry_h, lane);
        const Array cell = p.kind == Recurrent::lstm ? p.units(carry_c, lane) : Array();
        for (auto t = p.T - 1; t >= 0; --t) {
            p.step_back(lane, t, by_step[t] + carry, carry, cell);
        }
    } else {
        for (auto t = p.T - 1; t >= 0; --t) {
            if (p.kind == Recurrent::gru_reset_before) p.team.meet();
            p.team.meet();
        }
    }
    p.team.meet();
    const Array sums = p.gates.view({-1, p.G * p.D}).narrow(0, 0, rows);
    if (lane < p.L) {
        const Array before = p.h.view({-1, p.D}).narrow(0, 0, rows);
        const Array d = p.columns(sums, lane), s = p.columns(p.side.view({-1, p.G * p.D}).narrow(0, 0, rows), lane);
        auto add = [&](const Array& to, const Array& what) { p.rows(to, lane).add_(what.view({p.G, p.n, -1})); };
        if (p.kind == Recurrent::gru_reset_before) {
            const Array reset = p.extra.narrow(0, 1, p.T).reshape({rows, p.D});
            add(gradients.w_hh, at::cat({p.gate(s, 0, 2).t().mm(before), p.gate(s, 2).t().mm(reset)}));
        } else {
            add(gradients.w_hh, s.t().mm(before));
        }
        add(gradients.w_ih, d.t().mm(x));
        add(gradients.b_ih, d.sum(0));
        add(gradients.b_hh, s.sum(0));
    }
    if (dx.defined()) {
        const auto part = share(rows, lane, p.team.lanes());
        Array into = dx.narrow(0, part.from, part.count);
        at::mm_out(into, sums.narrow(0, part.from, part.count), p.w_ih);
    }
    p.team.meet();
}

}  // namespace legume::samplernn

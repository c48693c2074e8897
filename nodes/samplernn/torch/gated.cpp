// GRU and LSTM. Columns of gates are ordered (lane, gate, unit): each lane's gates and weights lie side by side.
// SPDX-License-Identifier: MIT
#include <ATen/ATen.h>

#include <vector>

#include "nodes/samplernn/torch/recurrence.h"
#include "nodes/samplernn/torch/team.h"

namespace legume::samplernn {
namespace {

using Array = at::Tensor;

enum class Kind { gru, gru_reset_before, lstm };

constexpr std::int64_t least_units = 16;  // a lane: less is not worth the meeting

struct Gated final : Recurrence {
    Kind kind;
    Team& team;
    std::int64_t B, D, G, L, n = 0, T = 0;  // streams, width, gates, lanes that work, units of each, steps at hand
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
        if (kind == Kind::lstm) {
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
        if (kind == Kind::gru) {
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
        if (kind == Kind::lstm) {
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
            if (kind == Kind::gru) {
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
        if (kind == Kind::gru_reset_before) {
            through_gates(carry, lane, gates[t], 0, 2);
        } else {
            Array into = carry;
            const Array& w = back[static_cast<std::size_t>(lane)];
            if (kind == Kind::gru)
                into.addmm_(side[t], w);
            else
                at::mm_out(into, gates[t], w);
        }
    }

    Gated(Kind which, Team& lanes, const Size& size)
        : kind(which), team(lanes), B(size.streams), D(size.dim), G(which == Kind::lstm ? 4 : 3), L(lanes.lanes()) {
        while (L > 1 && (D % L != 0 || D / L < least_units)) --L;
        n = D / L;
        gates = at::empty({size.steps, B, G * D}, size.like.options());
        side = kind == Kind::gru ? at::empty_like(gates) : gates;
        h = at::empty({size.steps + 1, B, D}, size.like.options());
        extra = at::empty_like(h);
        for (std::int64_t lane = 0; lane < L; ++lane) product.push_back(at::empty({B, G * n}, h.options()));
    }

    void take(const Weights& weights) override {
        w_ih = lanes_first(weights.w_ih);
        w_hh = lanes_first(weights.w_hh);
        b_ih = lanes_first(weights.b_ih).view({-1});
        b_hh = lanes_first(weights.b_hh).view({-1});
        forth.clear();
        back.clear();
        for (int lane = 0; lane < L; ++lane) {
            forth.push_back(w_hh.narrow(0, lane * G * n, G * n).t().contiguous());
            back.push_back(units(w_hh, lane).contiguous());
        }
    }

    void forward(int lane, std::int64_t steps, const Array& x, const Array& first_h, const Array& first_c) override {
        if (lane == 0) {
            T = steps;
            h[0].copy_(first_h);
            if (kind == Kind::lstm) extra[0].copy_(first_c);
        }
        const auto part = share(x.size(0), lane, team.lanes());
        Array sums = gates.view({-1, G * D}).narrow(0, part.from, part.count);
        at::addmm_out(sums, b_ih, x.narrow(0, part.from, part.count), w_ih.t());
        team.meet();
        for (std::int64_t t = 0; t < steps; ++t) {
            if (lane < L)
                step(lane, t);
            else if (kind == Kind::gru_reset_before)
                team.meet();
            team.meet();
        }
    }

    Array output() const override { return h.narrow(0, 1, T).view({-1, D}); }
    Array last_h() const override { return h[T]; }
    Array last_c() const override { return extra[T]; }

    void backward(int lane, const Array& x, const Array& grad, const Array& carry_h, const Array& carry_c,
                  const Weights& gradients, const Array& dx) override {
        const auto count = T * B;
        if (lane < L) {
            const Array by_step = units(grad.view({T, B, D}), lane), carry = units(carry_h, lane);
            const Array cell = kind == Kind::lstm ? units(carry_c, lane) : Array();
            for (auto t = T - 1; t >= 0; --t) {
                step_back(lane, t, by_step[t] + carry, carry, cell);
            }
        } else {
            for (auto t = T - 1; t >= 0; --t) {
                if (kind == Kind::gru_reset_before) team.meet();
                team.meet();
            }
        }
        team.meet();
        const Array sums = gates.view({-1, G * D}).narrow(0, 0, count);
        if (lane < L) {
            const Array before = h.view({-1, D}).narrow(0, 0, count);
            const Array d = columns(sums, lane), s = columns(side.view({-1, G * D}).narrow(0, 0, count), lane);
            auto add = [&](const Array& to, const Array& what) { rows(to, lane).add_(what.view({G, n, -1})); };
            if (kind == Kind::gru_reset_before) {
                const Array reset = extra.narrow(0, 1, T).reshape({count, D});
                add(gradients.w_hh, at::cat({gate(s, 0, 2).t().mm(before), gate(s, 2).t().mm(reset)}));
            } else {
                add(gradients.w_hh, s.t().mm(before));
            }
            add(gradients.w_ih, d.t().mm(x));
            add(gradients.b_ih, d.sum(0));
            add(gradients.b_hh, s.sum(0));
        }
        if (dx.defined()) {
            const auto part = share(count, lane, team.lanes());
            Array into = dx.narrow(0, part.from, part.count);
            at::mm_out(into, sums.narrow(0, part.from, part.count), w_ih);
        }
        team.meet();
    }
};

}  // namespace

std::unique_ptr<Recurrence> make_gru(Team& team, const Recurrence::Size& size, bool reset_after) {
    return std::make_unique<Gated>(reset_after ? Kind::gru : Kind::gru_reset_before, team, size);
}
std::unique_ptr<Recurrence> make_lstm(Team& team, const Recurrence::Size& size) {
    return std::make_unique<Gated>(Kind::lstm, team, size);
}

}  // namespace legume::samplernn

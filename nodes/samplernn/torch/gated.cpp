// The products that wait for no step run over all steps at once; the steps between them are the cell's.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/torch/gated.h"

namespace legume::samplernn {
namespace {

constexpr std::int64_t least_units = 16;  // a lane: less is not worth the meeting

}  // namespace

Gated::Gated(Team& lanes, const Size& size, int gate_count, bool meet)
    : team(lanes), B(size.streams), D(size.dim), G(gate_count), L(lanes.lanes()), meets(meet) {
    while (L > 1 && (D % L != 0 || D / L < least_units)) --L;
    n = D / L;
    gates = at::empty({size.steps, B, G * D}, size.like.options());
    side = gates;
    h = at::empty({size.steps + 1, B, D}, size.like.options());
    extra = at::empty_like(h);
    for (std::int64_t lane = 0; lane < L; ++lane) product.push_back(at::empty({B, G * n}, h.options()));
}

void Gated::take(Arrays weights) {
    w_ih = lanes_first(weights[0]);
    const Array w_hh = lanes_first(weights[1]);
    b_ih = lanes_first(weights[2]).view({-1});
    b_hh = lanes_first(weights[3]).view({-1});
    forth.clear();
    back.clear();
    for (int lane = 0; lane < L; ++lane) {
        forth.push_back(w_hh.narrow(0, lane * G * n, G * n).t().contiguous());
        back.push_back(units(w_hh, lane).contiguous());
    }
}

void Gated::forward(int lane, std::int64_t steps, const Array& x, Arrays first) {
    if (lane == 0) {
        T = steps;
        h[0].copy_(first[0]);
        if (first.size() > 1) extra[0].copy_(first[1]);
    }
    const auto part = share(x.size(0), lane, team.lanes());
    Array sums = gates.view({-1, G * D}).narrow(0, part.from, part.count);
    at::addmm_out(sums, b_ih, x.narrow(0, part.from, part.count), w_ih.t());
    team.meet();
    for (std::int64_t t = 0; t < steps; ++t) {
        if (lane < L)
            step(lane, t);
        else if (meets)
            team.meet();
        team.meet();
    }
}

void Gated::backward(int lane, const Array& x, const Array& grad, Arrays carry, Arrays gradients, const Array& dx) {
    const Array &dw_ih = gradients[0], &dw_hh = gradients[1], &db_ih = gradients[2], &db_hh = gradients[3];
    const auto count = T * B;
    if (lane < L) {
        const Array by_step = units(grad.view({T, B, D}), lane);
        std::vector<Array> own;
        for (const auto& state : carry) own.push_back(units(state, lane));
        for (auto t = T - 1; t >= 0; --t) step_back(lane, t, by_step[t] + own[0], own);
    } else {
        for (auto t = T - 1; t >= 0; --t) {
            if (meets) team.meet();
            team.meet();
        }
    }
    team.meet();
    const Array sums = gates.view({-1, G * D}).narrow(0, 0, count);
    if (lane < L) {
        const Array before = h.view({-1, D}).narrow(0, 0, count);
        const Array d = columns(sums, lane), s = columns(side.view({-1, G * D}).narrow(0, 0, count), lane);
        auto add = [&](const Array& to, const Array& what) { rows(to, lane).add_(what.view({G, n, -1})); };
        add(dw_hh, recurrent_gradient(s, before));
        add(dw_ih, d.t().mm(x));
        add(db_ih, d.sum(0));
        add(db_hh, s.sum(0));
    }
    if (dx.defined()) {
        const auto part = share(count, lane, team.lanes());
        Array into = dx.narrow(0, part.from, part.count);
        at::mm_out(into, sums.narrow(0, part.from, part.count), w_ih);
    }
    team.meet();
}

}  // namespace legume::samplernn

// minGRU (Feng et al. 2024): all products run over time at once, and what is left of a step is elementwise.
// SPDX-License-Identifier: MIT
#include <ATen/ATen.h>

#include "nodes/samplernn/torch/recurrence.h"
#include "nodes/samplernn/torch/team.h"

namespace legume::samplernn {
namespace {

using Array = at::Tensor;

// z = sigmoid(W_z x + b_z), c = W_h x + b_h, h' = h + z (c - h). Lanes meet at the ends of the stretch alone.
struct MinGru final : Recurrence {
    Team& team;
    std::int64_t B, D, T = 0;  // streams, width, steps at hand
    Array gates;               // [T, B, 2 D]: z and c, then the gradients of their sums
    Array h;                   // [T + 1, B, D]
    Array w, b;

    MinGru(Team& lanes, const Size& size)
        : team(lanes),
          B(size.streams),
          D(size.dim),
          gates(at::empty({size.steps, B, 2 * D}, size.like.options())),
          h(at::empty({size.steps + 1, B, D}, size.like.options())) {}

    Array sums() const { return gates.narrow(0, 0, T).view({-1, 2 * D}); }
    Array units(const Array& of, int lane, std::int64_t gate = 0) const {
        const auto part = share(D, lane, team.lanes());
        return of.narrow(-1, gate * D + part.from, part.count);
    }

    void take(Arrays weights) override {
        w = weights[0];
        b = weights[1];
    }

    void forward(int lane, std::int64_t steps, const Array& x, Arrays first) override {
        if (lane == 0) T = steps;
        team.meet();
        const auto part = share(x.size(0), lane, team.lanes());
        Array own = sums().narrow(0, part.from, part.count);
        at::addmm_out(own, b, x.narrow(0, part.from, part.count), w.t());
        own.narrow(1, 0, D).sigmoid_();
        team.meet();
        const Array z = units(gates, lane), c = units(gates, lane, 1), states = units(h, lane);
        states[0].copy_(units(first[0], lane));
        for (std::int64_t t = 0; t < T; ++t) {
            Array after = states[t + 1];
            at::lerp_out(after, states[t], c[t], z[t]);
        }
        team.meet();
    }

    Array output() const override { return h.narrow(0, 1, T).view({-1, D}); }
    Array last(std::size_t) const override { return h[T]; }

    void backward(int lane, const Array& x, const Array& grad, Arrays carries, Arrays gradients,
                  const Array& dx) override {
        const Array &dw = gradients[0], &db = gradients[1];
        const Array z = units(gates, lane), c = units(gates, lane, 1), states = units(h, lane);
        const Array by_step = units(grad.view({T, B, D}), lane), carry = units(carries[0], lane);
        for (auto t = T - 1; t >= 0; --t) {
            const Array d = carry.add_(by_step[t]), dc = d * z[t];
            const Array dz = at::sigmoid_backward((c[t] - states[t]).mul_(d), z[t]);
            carry.sub_(dc);
            z[t].copy_(dz);
            c[t].copy_(dc);
        }
        team.meet();
        const auto rows = share(2 * D, lane, team.lanes());
        const Array d = sums().narrow(1, rows.from, rows.count);
        dw.narrow(0, rows.from, rows.count).addmm_(d.t(), x);
        db.narrow(0, rows.from, rows.count).add_(d.sum(0));
        if (dx.defined()) {
            const auto part = share(x.size(0), lane, team.lanes());
            Array into = dx.narrow(0, part.from, part.count);
            at::mm_out(into, sums().narrow(0, part.from, part.count), w);
        }
        team.meet();
    }
};

}  // namespace

std::unique_ptr<Recurrence> make_min_gru(const Config&, Team& team, const Recurrence::Size& size) {
    return std::make_unique<MinGru>(team, size);
}

}  // namespace legume::samplernn

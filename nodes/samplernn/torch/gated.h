// What a GRU and an LSTM have in common over a stretch of time: the products, and which lane has which units.
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "nodes/samplernn/torch/recurrence.h"
#include "nodes/samplernn/torch/team.h"

namespace legume::samplernn {

// Columns of gates are ordered (lane, gate, unit): each lane's gates and weights lie side by side. A cell is its step,
// there and back.
class Gated : public Recurrence {
  public:
    void take(Arrays weights) override;
    void forward(int lane, std::int64_t steps, const at::Tensor& x, Arrays first) override;
    at::Tensor output() const override { return h.narrow(0, 1, T).view({-1, D}); }
    at::Tensor last(std::size_t state) const override { return state == 0 ? h[T] : extra[T]; }
    void backward(int lane, const at::Tensor& x, const at::Tensor& grad, Arrays carry, Arrays gradients,
                  const at::Tensor& dx) override;

  protected:
    using Array = at::Tensor;

    // Lanes `meet` in the midst of a step, or only between them.
    Gated(Team& lanes, const Size& size, int gate_count, bool meet);

    // From h[t] to h[t + 1]; gates[t] holds the input's share and becomes the gates. Of the lane's units, as all of
    // step_back() is.
    virtual void step(int lane, std::int64_t t) = 0;
    // dh is by h[t + 1]. gates[t] becomes the sums' gradient, `carry` that of the states before the step.
    virtual void step_back(int lane, std::int64_t t, const Array& dh, const std::vector<Array>& carry) = 0;
    // The gradient of w_hh, from that of the lane's sums [T B, G n] and h before each step [T B, D].
    virtual Array recurrent_gradient(const Array& sums, const Array& before) const { return sums.t().mm(before); }

    // The rows of a gradient that belong to a lane, [G, n, in].
    Array rows(const Array& of, int lane) const { return of.view({G, L, n, -1}).select(1, lane); }
    Array columns(const Array& of, int lane) const { return of.narrow(-1, lane * G * n, G * n); }
    Array units(const Array& of, int lane) const { return of.narrow(-1, lane * n, n); }
    Array gate(const Array& of, std::int64_t i, std::int64_t count = 1) const {  // of a lane's columns
        return of.narrow(-1, i * n, count * n);
    }
    static std::size_t at_lane(int lane) { return static_cast<std::size_t>(lane); }

    Team& team;
    const std::int64_t B, D, G;    // streams, width, gates
    std::int64_t L, n = 0, T = 0;  // lanes that work, units of each, steps at hand
    const bool meets;
    // [T, B, G D]: sums, then gates, then the sums' gradient. `side` is the gradient beside h, where it differs.
    Array gates, side;
    Array h, extra;  // [T + 1, B, D]; extra is the cell's own
    Array b_hh;
    std::vector<Array> forth, back;  // a lane's w_hh [D, G n] and, for its units, [G D, n]
    std::vector<Array> product;      // [B, G n]

  private:
    Array lanes_first(const Array& w) const {  // rows (gate, unit) to (lane, gate, unit)
        return w.view({G, L, n, -1}).transpose(0, 1).reshape({G * D, -1}).contiguous();
    }
    Array w_ih, b_ih;
};

}  // namespace legume::samplernn

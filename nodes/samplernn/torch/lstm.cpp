// LSTM; gates i f g o.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/torch/gated.h"

namespace legume::samplernn {
namespace {

// `extra` is c.
class Lstm final : public Gated {
  public:
    Lstm(Team& lanes, const Size& size) : Gated(lanes, size, 4, false) {}

  private:
    void step(int lane, std::int64_t t) override {
        const Array a = columns(gates[t], lane);
        Array after = units(h[t + 1], lane), c = units(extra[t + 1], lane), p = product[at_lane(lane)];
        at::addmm_out(p, columns(b_hh, lane), h[t], forth[at_lane(lane)]);
        a.add_(p);
        gate(a, 0, 2).sigmoid_();
        gate(a, 2).tanh_();
        gate(a, 3).sigmoid_();
        at::mul_out(c, gate(a, 1), units(extra[t], lane));
        c.addcmul_(gate(a, 0), gate(a, 2));
        at::tanh_out(after, c);
        after.mul_(gate(a, 3));
    }

    void step_back(int lane, std::int64_t t, const Array& dh, const std::vector<Array>& carry) override {
        const Array a = columns(gates[t], lane);
        const Array i = gate(a, 0), f = gate(a, 1), g = gate(a, 2), o = gate(a, 3);
        const Array tc = units(extra[t + 1], lane).tanh();
        const Array d_o = at::sigmoid_backward(dh * tc, o), dc = carry[1] + at::tanh_backward(dh * o, tc);
        const Array d_i = at::sigmoid_backward(dc * g, i), d_g = at::tanh_backward(dc * i, g);
        Array by_h = carry[0], by_c = carry[1];
        at::mul_out(by_c, dc, f);
        f.copy_(at::sigmoid_backward(dc * units(extra[t], lane), f));
        i.copy_(d_i);
        g.copy_(d_g);
        o.copy_(d_o);
        team.meet();
        at::mm_out(by_h, gates[t], back[at_lane(lane)]);
    }
};

}  // namespace

std::unique_ptr<Recurrence> make_lstm(const Config&, Team& team, const Recurrence::Size& size) {
    if (has_cudnn(size)) return make_cudnn(CudnnMode::lstm, size);
    return std::make_unique<Lstm>(team, size);
}

}  // namespace legume::samplernn

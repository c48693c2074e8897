// GRU, its reset gate after the product with w_hh, or before it: then lanes meet once more in every step.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/torch/gated.h"

namespace legume::samplernn {
namespace {

// `extra` is U_n h + c, or r * h.
class Gru final : public Gated {
  public:
    Gru(Team& lanes, const Size& size, bool after) : Gated(lanes, size, 3, !after), reset_after_(after) {
        if (after) side = at::empty_like(gates);  // n's differs by r
    }

  private:
    void step(int lane, std::int64_t t) override {
        const Array before = h[t], a = columns(gates[t], lane), own = units(before, lane),
                    more = units(extra[t + 1], lane);
        const Array& p = product[at_lane(lane)];
        const Array &w = forth[at_lane(lane)], b = columns(b_hh, lane);
        Array after = units(h[t + 1], lane), out = p;
        const Array rz = gate(a, 0, 2), candidate = gate(a, 2);
        if (reset_after_) {
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

    void step_back(int lane, std::int64_t t, const Array& dh, const std::vector<Array>& carry) override {
        const Array a = columns(gates[t], lane), before = units(h[t], lane), more = units(extra[t + 1], lane);
        const Array r = gate(a, 0), z = gate(a, 1), candidate = gate(a, 2);
        const Array through = dh * z;  // h' = n + z (h - n)
        const Array dz = at::sigmoid_backward((before - candidate).mul_(dh), z);
        const Array dn = at::tanh_backward(dh - through, candidate);
        candidate.copy_(dn);
        z.copy_(dz);
        if (reset_after_) {
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
        carry[0].copy_(through);
        team.meet();
        if (reset_after_)
            Array(carry[0]).addmm_(side[t], back[at_lane(lane)]);
        else
            through_gates(carry[0], lane, gates[t], 0, 2);
    }

    Array recurrent_gradient(const Array& s, const Array& before) const override {
        if (reset_after_) return Gated::recurrent_gradient(s, before);
        const Array reset = extra.narrow(0, 1, T).reshape({T * B, D});
        return at::cat({gate(s, 0, 2).t().mm(before), gate(s, 2).t().mm(reset)});
    }

    // Sum over lanes of their columns' part of a product with w_hh, for this lane's units.
    void through_gates(const Array& into, int lane, const Array& d, std::int64_t first, std::int64_t count) const {
        for (int other = 0; other < L; ++other)
            into.addmm_(gate(columns(d, other), first, count),
                        back[at_lane(lane)].narrow(0, (other * G + first) * n, count * n));
    }

    const bool reset_after_;
};

}  // namespace

std::unique_ptr<Recurrence> make_gru(const Config& config, Team& team, const Recurrence::Size& size) {
    if (config.reset_after && has_cudnn(size)) return make_cudnn(CudnnMode::gru, size);
    return std::make_unique<Gru>(team, size, config.reset_after);
}

}  // namespace legume::samplernn

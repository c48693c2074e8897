// GRU (Cho et al. 2014), with its reset gate after the matrix as PyTorch has it, or before it as in TF1.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine/layer.h"

namespace legume::samplernn {
namespace {

void step_reset_after(const LayerStep& s) noexcept {
    for (int v = 0; v < s.voices; ++v) s.kernels.gru(s.gates.of(v), s.recurrent.of(v), s.state.h().of(v), s.dim);
}

// r and z from what was made ahead; the candidate, from r h, can only be made now.
void step_reset_before(const LayerStep& s) noexcept {
    auto& [reset_h, z, candidate] = s.room;
    const Affine& own = s.weights.own[0];
    for (int v = 0; v < s.voices; ++v)
        s.kernels.gru_gates(s.gates.of(v), s.recurrent.of(v), s.state.h().of(v), reset_h.of(v), z.of(v), s.dim);
    reset_h.seal(s.kernels);
    own.weight.apply(s.kernels, reset_h, own.bias.data(), 0, candidate.of(0), candidate.stride());
    for (int v = 0; v < s.voices; ++v)
        s.kernels.gru_candidate(s.gates.of(v), candidate.of(v), z.of(v), s.state.h().of(v), s.dim);
}

}  // namespace

void load_gru(const LayerTensors& from, LayerWeights& into) {
    const int dim = from.config.dim;
    const bool after = from.config.reset_after;
    into.recurrent.then = from.affine("w_hh", "b_hh", (after ? 3 : 2) * dim);
    if (!after) into.own.push_back(from.affine("w_hh", "b_hh", dim, 2 * dim));
    into.step = after ? step_reset_after : step_reset_before;
}

}  // namespace legume::samplernn

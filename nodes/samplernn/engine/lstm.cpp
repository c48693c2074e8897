// LSTM (Hochreiter & Schmidhuber 1997; with the forget gate of Gers et al. 2000).
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine/layer.h"

namespace legume::samplernn {
namespace {

void step(const LayerStep& s) noexcept {
    for (int v = 0; v < s.voices; ++v)
        s.kernels.lstm(s.gates.of(v), s.recurrent.of(v), s.state.of(0, v), s.state.of(1, v), s.dim);
}

}  // namespace

void load_lstm(const LayerTensors& from, LayerWeights& into) {
    into.recurrent.then = from.affine("w_hh", "b_hh", 4 * from.config.dim);
    into.step = step;
}

}  // namespace legume::samplernn

// minGRU (Feng et al. 2024): nothing of it waits for h but a weighted mean.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine/layer.h"

namespace legume::samplernn {
namespace {

void step(const LayerStep& s) noexcept {
    for (int v = 0; v < s.voices; ++v) s.kernels.min_gru(s.gates.of(v), s.state.h().of(v), s.dim);
}

}  // namespace

void load_min_gru(const LayerTensors&, LayerWeights& into) { into.step = step; }

}  // namespace legume::samplernn

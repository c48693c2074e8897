// Amplitude to level and back; the tables are made in double, without libm.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/checkpoint/quantise.h"

#include <algorithm>

#include "graph/base/math.h"

namespace legume::samplernn {
namespace {

double mu_law_amplitude(int level, int levels) {
    const double mu = levels - 1;
    const double s = 2.0 * level / mu - 1.0;
    const double size = (math::pow(1.0 + mu, s < 0 ? -s : s) - 1.0) / mu;
    return s < 0 ? -size : size;
}

// Not the middle of the step: so that silence is 0 and not half a step of DC.
double linear_amplitude(int level, int levels) { return 2.0 * level / levels - 1.0; }

}  // namespace

Levels::Levels(const Config& config) : quantiser_(config.quantiser) {
    const int levels = config.levels;
    for (int x = 0; x < levels; ++x) {
        const bool mu_law = quantiser_ == Quantiser::mu_law;
        amplitude_.push_back(static_cast<float>(mu_law ? mu_law_amplitude(x, levels) : linear_amplitude(x, levels)));
        const bool theano = config.frame_scale == FrameScale::theano;
        input_.push_back(static_cast<float>(theano ? 2.0 * (2.0 * x / levels - 1.0) : double(x) / levels - 2.0));
    }
    silence_ = level(0.0f);
}

int Levels::level(float amplitude) const noexcept {
    double a = amplitude;
    if (!(a > -1.0)) a = a < 0 ? -1.0 : 0.0;  // NaN too
    if (a > 1.0) a = 1.0;
    const int top = count() - 1;
    constexpr double hair = 5e-4;  // of a step, so that a level's own amplitude, rounded to float, is in it
    if (quantiser_ == Quantiser::linear) return std::min(static_cast<int>((a + 1.0) * 0.5 * count() + hair), top);
    const double mu = top;
    const double size = math::log(1.0 + mu * (a < 0 ? -a : a)) / math::log(1.0 + mu);
    return std::min(static_cast<int>(((a < 0 ? -size : size) + 1.0) * 0.5 * mu + 0.5), top);
}

}  // namespace legume::samplernn

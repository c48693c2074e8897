// The sinc's table and its weights.
// SPDX-License-Identifier: MIT
#include "nodes/dsp/interpolate.h"

#include <algorithm>

#include "graph/base/math.h"

namespace legume::dsp {

const Sinc& Sinc::table() {
    static const Sinc sinc;
    return sinc;
}

Sinc::Sinc() {
    table_[0] = 1.0f;
    for (int i = 1; i < half * phases; ++i) {
        const double x = static_cast<double>(i) / phases, turns = x / (2 * half);  // of the window
        const double window = 0.42 + 0.5 * math::sin_turns(turns + 0.25) + 0.08 * math::sin_turns(2 * turns + 0.25);
        table_[static_cast<std::size_t>(i)] =
            i % phases ? static_cast<float>(math::sin_turns(0.5 * x) / (math::pi * x) * window) : 0.0f;
    }
}

void Sinc::weigh(double part, double step, Taps& taps) const noexcept {
    const double width = std::clamp(step < 0 ? -step : step, 1.0, static_cast<double>(widest));
    const int reach = static_cast<int>(half * width);
    taps.first = 1 - reach;
    taps.count = 2 * reach;
    const double scale = phases / width;
    float sum = 0;
    for (int k = 0; k < taps.count; ++k) {
        const double distance = taps.first + k - part;
        const double x = (distance < 0 ? -distance : distance) * scale;
        const auto at = std::min(static_cast<std::size_t>(x), table_.size() - 2);
        const float between = static_cast<float>(x - static_cast<double>(at));
        const float weight = table_[at] + (table_[at + 1] - table_[at]) * between;
        taps.weights[static_cast<std::size_t>(k)] = weight;
        sum += weight;
    }
    for (int k = 0; k < taps.count; ++k) taps.weights[static_cast<std::size_t>(k)] /= sum;
}

}  // namespace legume::dsp

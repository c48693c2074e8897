// The half-band's taps and its two ways.
// SPDX-License-Identifier: MIT
#include "nodes/dsp/half_band.h"

#include <algorithm>

#include "graph/base/math.h"

namespace legume::dsp {

namespace {

constexpr int frames_at_once = 64;

// The modified Bessel function I0 of 2 sqrt(q), by its series.
double bessel(double q) {
    double sum = 1, term = 1;
    for (int k = 1; k < 60; ++k) sum += term *= q / (static_cast<double>(k) * k);
    return sum;
}

}  // namespace

const HalfBand::Taps& HalfBand::taps() {
    static const Taps made = [] {
        constexpr double beta = 7.857;  // Kaiser's formula for 80 dB
        std::array<double, delay> wide{};
        double sum = 0;
        for (int k = 0; k < delay; ++k) {
            const double n = 2 * k + 1, off = n / (2 * delay);
            const double sinc = (k % 2 ? -2 : 2) / (math::pi * n);
            wide[static_cast<std::size_t>(k)] = sinc * bessel(0.25 * beta * beta * (1 - off * off));
            sum += 2 * wide[static_cast<std::size_t>(k)];
        }
        Taps even;
        for (std::size_t k = 0; k < even.size(); ++k) even[k] = static_cast<float>(wide[k] / sum);
        return even;
    }();
    return made;
}

void HalfBand::up(const float* x, int frames, float* twice) noexcept {
    std::copy_n(x, frames, even_.begin() + kept);
    const float* const middle = even_.data() + kept - delay;
    float sums[most] = {};
    for (int k = 0; k < delay; ++k) {  // tap by tap, so that frames are worked out side by side
        const float tap = taps_[static_cast<std::size_t>(k)];
        for (int i = 0; i < frames; ++i) sums[i] += tap * (middle[i - k] + middle[i + k + 1]);
    }
    for (int i = 0; i < frames; ++i) {
        twice[2 * i] = middle[i];
        twice[2 * i + 1] = sums[i];
    }
    std::copy_n(even_.begin() + frames, kept, even_.begin());
}

void HalfBand::down(const float* twice, int frames, float* y) noexcept {
    for (int i = 0; i < frames; ++i) {
        even_[static_cast<std::size_t>(kept + i)] = twice[2 * i];
        odd_[static_cast<std::size_t>(kept + i)] = twice[2 * i + 1];
    }
    const float* const right = odd_.data() + kept - delay;
    float sums[most];
    std::copy_n(even_.begin() + kept - delay, frames, sums);
    for (int k = 0; k < delay; ++k) {
        const float tap = taps_[static_cast<std::size_t>(k)];
        for (int i = 0; i < frames; ++i) sums[i] += tap * (right[i + k] + right[i - k - 1]);
    }
    for (int i = 0; i < frames; ++i) y[i] = 0.5f * sums[i];
    std::copy_n(even_.begin() + frames, kept, even_.begin());
    std::copy_n(odd_.begin() + frames, kept, odd_.begin());
}

void Oversampler::up(const float* x, int factor, float* many) noexcept {
    if (factor == 1) std::copy_n(x, frames_at_once, many);
    if (factor == 2) first_up_.up(x, frames_at_once, many);
    if (factor != 4) return;
    float twice[2 * frames_at_once];
    first_up_.up(x, frames_at_once, twice);
    second_up_.up(twice, 2 * frames_at_once, many);
}

void Oversampler::down(const float* many, int factor, float* y) noexcept {
    if (factor == 1) std::copy_n(many, frames_at_once, y);
    if (factor == 2) first_down_.down(many, frames_at_once, y);
    if (factor != 4) return;
    float twice[2 * frames_at_once];
    second_down_.down(many, 2 * frames_at_once, twice);
    first_down_.down(twice, frames_at_once, y);
}

}  // namespace legume::dsp

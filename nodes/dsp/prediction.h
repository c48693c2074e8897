// What comes next in a sound, by what came before it: linear prediction.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "graph/base/rt.h"

namespace legume::dsp {

// Burg's method: at each order the reflection that leaves the least error forwards and backwards together; it lies
// within -1..1, so that what is predicted does not grow without end. Burg, Maximum Entropy Spectral Analysis
// (Stanford, 1975); Kay, Modern Spectral Estimation (Prentice Hall, 1988), ch. 7.
class Prediction {
  public:
    static constexpr std::size_t order = 8, memory = 256;

    // Learns from `count` values, at most `memory`, where `before(1)` is the newest and before(count) the oldest.
    template <class Before>
    void learn(std::size_t count, Before before) noexcept RT_SAFE {
        std::array<double, memory> forwards, backwards;
        for (std::size_t i = 0; i < count; ++i) forwards[i] = static_cast<double>(before(count - i));
        for (std::size_t i = 0; i < order; ++i) past_[i] = i < count ? forwards[count - 1 - i] : 0;
        std::copy_n(forwards.begin(), count, backwards.begin());
        by_ = {};
        double all = 0;
        for (std::size_t m = 0; m < order && m + 1 < count; ++m) {
            double alike = 0, power = 0;
            for (std::size_t i = m + 1; i < count; ++i) {
                alike += forwards[i] * backwards[i - 1];
                power += forwards[i] * forwards[i] + backwards[i - 1] * backwards[i - 1];
            }
            if (m == 0) all = power;
            if (!(power > 1e-12 * all)) break;  // silence, or all is told but the rounding
            const double reflection = 2 * alike / power;
            const auto lower = by_;
            by_[m] = reflection;
            for (std::size_t j = 0; j < m; ++j) by_[j] -= reflection * lower[m - 1 - j];
            for (std::size_t i = count - 1; i > m; --i) {
                const double ahead = forwards[i], behind = backwards[i - 1];
                forwards[i] = ahead - reflection * behind;
                backwards[i] = behind - reflection * ahead;
            }
        }
    }
    float next() noexcept RT_SAFE {
        double x = 0;
        for (std::size_t j = 0; j < order; ++j) x += by_[j] * past_[j];
        std::copy_backward(past_.begin(), past_.end() - 1, past_.end());
        past_[0] = x;
        return static_cast<float>(x);
    }

  private:
    std::array<double, order> by_{}, past_{};  // past_[0] is the newest
};

}  // namespace legume::dsp

// Goes along, over and down: two networks at a time.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/play/walk.h"

#include <algorithm>

namespace legume::samplernn {
namespace {

constexpr double at_it = 1e-3;  // of the way between two: nobody hears so little of the other

AgePlace standing(std::size_t at) { return {at, at, 0}; }

}  // namespace

AgePlace place_of(std::span<const double> ages, double age) noexcept {
    const auto above = static_cast<std::size_t>(std::upper_bound(ages.begin(), ages.end(), age) -
                                                ages.begin());  // a NaN is the oldest
    if (above == 0) return standing(0);
    if (above == ages.size()) return standing(above - 1);
    const double way = (age - ages[above - 1]) / (ages[above] - ages[above - 1]);
    if (way < at_it) return standing(above - 1);
    if (way > 1 - at_it) return standing(above);
    return {above - 1, above, static_cast<float>(way)};
}

double age_of(std::span<const double> ages, const AgePlace& place) noexcept {
    return ages[place.low] + (ages[place.high] - ages[place.low]) * static_cast<double>(place.share);
}

AgePlace toward(std::span<const double> ages, const AgePlace& now, double age, float step) noexcept {
    const AgePlace goal = place_of(ages, age);
    AgePlace next = now;
    if (now.low == now.high) {
        const auto here = now.low;
        if (goal == standing(here)) return now;
        const auto there = here == goal.low ? goal.high : here == goal.high || here < goal.low ? goal.low : goal.high;
        next = here < there ? AgePlace{here, there, 0} : AgePlace{there, here, 1};
    }
    const bool passes_low = goal.high <= next.low, passes_high = goal.low >= next.high;
    const float to = goal.low == next.low && goal.high == next.high ? goal.share
                     : passes_low                                   ? 0.0f
                     : passes_high                                  ? 1.0f
                     : next.share < 0.5f                            ? 0.0f
                                                                    : 1.0f;
    next.share = next.share < to ? std::min(next.share + step, to) : std::max(next.share - step, to);
    if (next.share <= 0) return standing(next.low);
    if (next.share >= 1) return standing(next.high);
    return next;
}

}  // namespace legume::samplernn

// Where between a run's checkpoints it plays. On the way from one to another these two sound at once, and never more.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

namespace legume::samplernn {

struct AgePlace {
    std::size_t low = 0, high = 0;  // the same: it stands at a checkpoint
    float share = 0;                // of `high`
    bool operator==(const AgePlace&) const = default;
};

// `ages` rise, and an age beyond them is the nearest.
AgePlace place_of(std::span<const double> ages, double age) noexcept;
double age_of(std::span<const double> ages, const AgePlace& place) noexcept;
// The next place on the way from `now` to `age`, where the shares move by no more than `step`. Between neighbours it
// goes straight; to get farther it goes on to the next checkpoint first, and from there leaves out all on the way.
AgePlace toward(std::span<const double> ages, const AgePlace& now, double age, float step) noexcept;

}  // namespace legume::samplernn

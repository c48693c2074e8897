// Keeps the last gaps between taps and takes their median.
// SPDX-License-Identifier: MIT
#include "host/control/tap.h"

#include <algorithm>
#include <vector>

namespace legume {
namespace {

constexpr double longest_gap = 2.5, shortest_gap = 0.06;  // seconds: 24 and 1000 beats a minute
constexpr std::size_t most_gaps = 7;

}  // namespace

std::optional<double> Tap::tap(double seconds) {
    const double gap = seconds - last_;
    if (gap >= 0 && gap < shortest_gap) return {};  // a pad that bounced
    last_ = seconds;
    if (!(gap > 0 && gap <= longest_gap)) {
        gaps_.clear();
        return {};
    }
    gaps_.push_back(gap);
    if (gaps_.size() > most_gaps) gaps_.pop_front();
    std::vector<double> sorted(gaps_.begin(), gaps_.end());
    std::sort(sorted.begin(), sorted.end());
    const auto half = sorted.size() / 2;
    return 60 / (sorted.size() % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2);
}

}  // namespace legume

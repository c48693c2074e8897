// The cost of a look is that of a few samples.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine/loop_detector.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

namespace legume::samplernn {
namespace {

constexpr std::size_t needle = 24;      // samples that a period must bring back before it is looked at
constexpr std::size_t most_looks = 16;  // at the shortest periods that do

}  // namespace

LoopDetector::LoopDetector(double rate, int levels)
    : second_(static_cast<std::size_t>(rate)),
      longest_(static_cast<std::size_t>(rate / 2)),
      every_(std::max<std::size_t>(static_cast<std::size_t>(rate / 8), 1)),
      near_(levels / 128) {
    heard_.resize(std::bit_ceil(second_ + longest_ + needle + 2));
}

bool LoopDetector::hears(int level) noexcept {
    heard_[now_++ & (heard_.size() - 1)] = static_cast<std::uint16_t>(level);
    known_ = std::min(known_ + 1, heard_.size());
    if (now_ % every_ != 0 || known_ < second_ + longest_ || !stuck()) return false;
    forget();
    return true;
}

bool LoopDetector::same(std::size_t back, std::size_t period) const noexcept {
    const auto at = [&](std::size_t i) { return static_cast<int>(heard_[(now_ - 1 - i) & (heard_.size() - 1)]); };
    return std::abs(at(back) - at(back + period)) <= near_;
}

bool LoopDetector::stuck() const noexcept {
    std::size_t looks = 0;
    for (std::size_t period = 1; period <= longest_ && looks < most_looks; ++period) {
        std::size_t i = 0;
        while (i < needle && same(i, period)) ++i;
        if (i < needle) continue;
        ++looks;
        std::size_t other = 0;
        for (std::size_t k = 0; k < second_ && other * 100 <= second_; ++k) other += same(k, period) ? 0 : 1;
        if (other * 100 <= second_) return true;
    }
    return false;
}

}  // namespace legume::samplernn

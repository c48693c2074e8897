// Hears when a voice goes round in a circle, or has come to rest.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace legume::samplernn {

// A second in which (nearly) every sample is the one a period before it, of up to half a second. Looked for eight times
// a second: the last few samples are searched for in what came before, and only what is found there is compared.
class LoopDetector {
  public:
    LoopDetector(double rate, int levels);
    // Of the sample that was taken. True where it is found to be stuck; then it forgets, so that the next time comes a
    // second and a half later at the earliest.
    bool hears(int level) noexcept;
    void forget() noexcept { known_ = 0; }

  private:
    bool stuck() const noexcept;
    bool same(std::size_t back, std::size_t period) const noexcept;
    std::vector<std::uint16_t> heard_;  // a ring
    std::size_t second_, longest_, every_;
    std::size_t now_ = 0, known_ = 0;
    int near_;  // levels that pass for the same
};

}  // namespace legume::samplernn

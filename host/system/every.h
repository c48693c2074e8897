// Something to be done about so often, by a loop that comes round more often.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

namespace legume {

class Every {
  public:
    explicit Every(int milliseconds) : period_(milliseconds) {}
    bool due() {
        const auto now = std::chrono::steady_clock::now();
        if (now < next_) return false;
        next_ = now + period_;
        return true;
    }

  private:
    std::chrono::milliseconds period_;
    std::chrono::steady_clock::time_point next_{};
};

}  // namespace legume

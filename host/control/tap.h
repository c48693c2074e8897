// A tempo from taps: the median of the last ones, so that one that slipped does no harm.
// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <optional>

namespace legume {

class Tap {
  public:
    // At a time of any steady clock. Beats a minute, from the second tap on; a pause of 2.5 s starts anew.
    std::optional<double> tap(double seconds);

  private:
    double last_ = -1e9;
    std::deque<double> gaps_;  // seconds between the last taps
};

}  // namespace legume

// Both directions are heard first: 65 is a click to the right in one dialect and to the left in another.
// SPDX-License-Identifier: MIT
#include "host/midi/dialect.h"

#include <utility>

namespace legume {

std::optional<MidiSource::Relative> Dialect::hear(int value) {
    using Relative = MidiSource::Relative;
    constexpr int clicks = 7;  // at once, by a hand in no hurry
    const auto beside = [&](int low, int high) { return value >= low && value <= high; };
    const bool few = beside(1, clicks), most = beside(128 - clicks, 127);
    const bool below = beside(64 - clicks, 63), above = beside(65, 64 + clicks);
    if (!few && !most && !below && !above) return Relative::no;
    few_ |= few;
    most_ |= most;
    below_ |= below;
    above_ |= above;
    repeats_ += std::exchange(before_, value) == value;
    if (repeats_ == 0) return {};
    if (few_ && most_ && !below_ && !above_) return Relative::twos;
    if (few_ && above_ && !most_ && !below_) return Relative::sign;
    if (below_ && above_ && !few_ && !most_) return Relative::offset;
    return {};
}

}  // namespace legume

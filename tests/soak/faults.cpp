// Each kind is spread evenly and then shaken, so that none is forgotten and none comes on the beat of another.
// SPDX-License-Identifier: MIT
#include "tests/soak/faults.h"

#include <algorithm>
#include <cmath>

namespace legume::test {

std::vector<Event> draw_faults(std::uint64_t seed, double seconds) {
    Dice dice(seed);
    std::vector<Event> events;
    const double from = 5, to = seconds - 8;
    for (int kind = 0; kind < fault_kinds; ++kind) {
        const int count =
            std::max(1, static_cast<int>(std::lround(seconds / fault_every[static_cast<std::size_t>(kind)])));
        for (int i = 0; i < count; ++i) {
            const double at = from + (to - from) * (i + dice.share()) / count;
            events.push_back({at, static_cast<Fault>(kind), dice.bits()});
        }
    }
    std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.at < b.at; });
    return events;
}

}  // namespace legume::test

// Keeps each sender's offset between its clock and ours.
// SPDX-License-Identifier: MIT
#include "host/osc/time_tags.h"

namespace legume {

double TimeTags::hold(const OscPeer& sender, std::uint64_t ntp, double arrival) {
    constexpr std::uint64_t now = 1;  // OSC's own word for it
    constexpr std::size_t most_senders = 256;
    if (ntp <= now) return 0;
    const double tag = static_cast<double>(ntp) / 4294967296.0;
    if (offsets_.size() >= most_senders) offsets_.clear();
    const auto [found, first] = offsets_.try_emplace({sender.address, sender.port}, arrival - tag);
    const double due_in = tag + found->second - arrival;
    if (due_in >= -1 && due_in <= 1) return due_in > 0 ? due_in : 0;
    found->second = arrival - tag;
    return 0;
}

}  // namespace legume

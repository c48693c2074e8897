// Control: posted on the control thread, applied and stamped on the audio thread.
// SPDX-License-Identifier: MIT
#include "graph/control.h"

#include <algorithm>

namespace legume {

bool ControlQueue::post(Param& target, std::string_view param, float value, std::string_view source, float seconds) {
    if (!(value == value)) return false;  // NaN moves nothing
    value = target.range.clamp(value);
    const std::string key = std::string(source) + '\n' + std::string(param);
    const auto [said, fresh] = said_.try_emplace(key, value);
    if (!fresh && said->second == value) return false;
    said->second = value;
    target.mail_.store({value, std::min(seconds, 86'400.0f)}, std::memory_order_relaxed);
    target.own_.store(value, std::memory_order_relaxed);
    if (target.posted_.exchange(true, std::memory_order_acq_rel)) return true;  // it waits already; newest wins
    if (!entries_.push({&target, nullptr, nullptr, {}})) {
        target.posted_.store(false, std::memory_order_release);
        said_.erase(said);  // so that saying it again is heard
        ++lost_;
        return false;
    }
    return true;
}

bool ControlQueue::post(Trigger& target) {
    if (entries_.push({nullptr, &target, nullptr, {}})) return true;
    ++lost_;
    return false;
}

bool ControlQueue::post(Notes& target, const NoteEvent& event) {
    if (entries_.push({nullptr, nullptr, &target, event})) return true;
    ++lost_;
    return false;
}

void ControlQueue::apply(std::uint64_t frame) noexcept {
    // What is posted while this runs waits for the next block; so the loop is bounded.
    for (auto waiting = entries_.readable(); waiting > 0; --waiting) {
        Entry entry;
        entries_.pop(entry);
        Stamp stamp{frame, nullptr, 0, -1, entry.note};
        if (entry.param) {
            // Acquire pairs with the poster's exchange: the mail is at least as new as the post that set the flag.
            entry.param->posted_.exchange(false, std::memory_order_acq_rel);
            const auto move = entry.param->mail_.load(std::memory_order_relaxed);
            stamp.value = move.value;
            stamp.seconds = move.seconds;
            stamp.target = entry.param;
            entry.param->set(move.value, move.seconds);
        } else if (entry.trigger) {
            stamp.target = entry.trigger;
            entry.trigger->edges_ |= 1;
        } else {
            stamp.target = entry.notes;
            auto& notes = *entry.notes;
            if (notes.count_ < notes.events_.size()) notes.events_[notes.count_++] = entry.note;
        }
        if (!stamps_.push(stamp)) stamps_lost_.fetch_add(1, std::memory_order_relaxed);
    }
}

}  // namespace legume

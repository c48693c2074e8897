// Control: posted on the control thread, applied and stamped on the audio thread.
// SPDX-License-Identifier: MIT
#include "graph/control.h"

#include <algorithm>

#include "graph/base/math.h"

namespace legume {
namespace {

// From the block's first frame to the next line, in whole frames; block_frames when it is not in this block. A line
// that falls on a frame but for rounding is on it.
int frames_to_line(const Grid& grid, const TransportTime& now) noexcept {
    constexpr double rounding = 1e-3;  // of a frame
    const double beats = static_cast<double>(grid.step) * (grid.bars ? now.bar_beats : 1);
    const double line = -math::floor(-(now.beat - rounding * now.step) / beats) * beats;
    const double frames = -math::floor(-((line - now.beat) / now.step - rounding));
    return frames < block_frames ? static_cast<int>(frames > 0 ? frames : 0) : block_frames;
}

}  // namespace

bool ControlQueue::post(Param& target, std::string_view param, float value, std::string_view source, float seconds) {
    if (!(value == value)) return false;  // NaN moves nothing
    value = target.range.clamp(value);
    const std::string key = std::string(source) + '\n' + std::string(param);
    const auto [said, fresh] = said_.try_emplace(key, value);
    if (!fresh && said->second == value) return false;
    said->second = value;
    if (const auto mover = movers_.find(param); mover != movers_.end())
        mover->second = source;
    else
        movers_.emplace(param, source);
    target.mail_.store({value, std::min(seconds, 86'400.0f)}, std::memory_order_relaxed);
    target.own_.store(value, std::memory_order_relaxed);
    if (target.posted_.exchange(true, std::memory_order_acq_rel)) return true;  // it waits already; newest wins
    if (!entries_.push({&target, nullptr, nullptr, {}, {}, -1})) {
        target.posted_.store(false, std::memory_order_release);
        said_.erase(said);  // so that saying it again is heard
        ++lost_;
        return false;
    }
    return true;
}

void ControlQueue::forget(std::string_view source) {
    const std::string prefix = std::string(source) + '\n';
    auto said = said_.lower_bound(prefix);
    while (said != said_.end() && said->first.starts_with(prefix)) said = said_.erase(said);
}

bool ControlQueue::post(Trigger& target, const Grid& grid) {
    if (entries_.push({nullptr, &target, nullptr, {}, grid, -1})) return true;
    ++lost_;
    return false;
}

bool ControlQueue::post_again(Trigger& target, int frame, bool held) {
    if (entries_.push({nullptr, &target, nullptr, {}, {}, held ? frame : -1})) return true;
    ++lost_;
    return false;
}

bool ControlQueue::post(Notes& target, const NoteEvent& event) {
    if (entries_.push({nullptr, nullptr, &target, event, {}, -1})) return true;
    ++lost_;
    return false;
}

bool ControlQueue::stamp(Stamp& into, std::uint64_t before) {
    Stamp next;
    if (!unread_ && stamps_.pop(next)) unread_ = next;
    if (!unread_ || unread_->frame >= before) return false;
    into = *unread_;
    unread_.reset();
    return true;
}

void ControlQueue::fire(Trigger& trigger, std::uint64_t frame, int at, bool held) noexcept {
    trigger.edges_ |= std::uint64_t{1} << at;
    if (!stamps_.push({frame + static_cast<std::uint64_t>(at), &trigger, 0, -1, {}, held}))
        stamps_lost_.fetch_add(1, std::memory_order_relaxed);
}

void ControlQueue::hold_or_fire(Trigger& trigger, const Grid& grid, std::uint64_t frame) noexcept {
    const auto same = [&](const Waiting& other) { return other.trigger == &trigger && other.grid == grid; };
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(waiting_count_);
    if (!(grid.step > 0) || waiting_count_ == waiting_.size())
        fire(trigger, frame, 0, false);
    else if (std::none_of(waiting_.begin(), end, same))  // pressed twice it fires once
        waiting_[waiting_count_++] = {&trigger, grid, true, -1};
}

void ControlQueue::fire_due(std::uint64_t frame, const TransportTime& now) noexcept {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < waiting_count_; ++i) {
        auto& waiting = waiting_[i];
        const int at = waiting.at >= 0 ? waiting.at
                       : now.running   ? frames_to_line(waiting.grid, now)
                       : waiting.fresh ? 0
                                       : block_frames;
        waiting.fresh = false;
        if (at < block_frames)
            fire(*waiting.trigger, frame, at, true);
        else
            waiting_[kept++] = waiting;
    }
    waiting_count_ = kept;
}

void ControlQueue::apply(std::uint64_t frame, std::size_t count) noexcept {
    for (; count > 0; --count) {
        Entry entry;
        entries_.pop(entry);
        Stamp stamp{frame, nullptr, 0, -1, entry.note, false};
        if (entry.param) {
            // Acquire pairs with the poster's exchange: the mail is at least as new as the post that set the flag.
            entry.param->posted_.exchange(false, std::memory_order_acq_rel);
            const auto move = entry.param->mail_.load(std::memory_order_relaxed);
            stamp.value = move.value;
            stamp.seconds = move.seconds;
            stamp.target = entry.param;
            entry.param->set(move.value, move.seconds);
        } else if (entry.trigger) {
            if (entry.at >= 0 && waiting_count_ < waiting_.size())
                waiting_[waiting_count_++] = {entry.trigger, {}, true, entry.at};
            else
                hold_or_fire(*entry.trigger, entry.grid, frame);
            continue;
        } else {
            stamp.target = entry.notes;
            auto& notes = *entry.notes;
            if (notes.count_ < notes.events_.size()) notes.events_[notes.count_++] = entry.note;
        }
        if (!stamps_.push(stamp)) stamps_lost_.fetch_add(1, std::memory_order_relaxed);
    }
}

}  // namespace legume

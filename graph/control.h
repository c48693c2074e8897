// The one road by which control reaches sound: posted with its source, coalesced, applied and stamped at block starts.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "graph/base/ring.h"
#include "graph/node.h"
#include "graph/patch/session.h"

namespace legume {

// What was applied, and at which frame: the performance log's line.
struct Stamp {
    std::uint64_t frame = 0;
    const Member* target = nullptr;  // a Param, Trigger or Notes of a node that lives at least until the stamp is read
    float value = 0;                 // of a param or a note
    float seconds = -1;              // of its glide; below zero: the param's own
    NoteEvent note;                  // of Notes
    bool held = false;               // of a trigger that waited for its line, and so came after the transport's turn
};

class ControlQueue {
  public:
    // ---- control thread
    // Who owns a value: the newest *change* wins. A source that repeats what it said last does not take the param back
    // from another; `source` names it ("osc /td/mix", "midi cc 1"), `param` is "node/param". The param glides there in
    // `seconds`, at most a day; below zero: in its own time. True when it was a change.
    bool post(Param& target, std::string_view param, float value, std::string_view source, float seconds = -1);
    // A trigger or note is never coalesced. False when the queue is full: it is counted as lost.
    // With a grid it waits for the transport's next line of it; while time stands still it fires at once.
    bool post(Trigger& target, const Grid& grid = {});
    bool post(Notes& target, const NoteEvent& event);
    // As a stamp says that it was: at this frame of the next block.
    bool post_again(Trigger& target, int frame, bool held);
    std::uint64_t lost() const { return lost_; }
    // Reads what was applied before this frame, and was not read yet. A stamp's target is alive until the schedule that
    // plays it is freed.
    bool stamp(Stamp& into, std::uint64_t before = std::numeric_limits<std::uint64_t>::max());
    std::uint64_t stamps_lost() const { return stamps_lost_.load(std::memory_order_relaxed); }
    void forget_sources() { said_.clear(); }
    const std::string& mover(const std::string& param) { return movers_[param]; }  // who posted to it last
    // What it says next is a change again: a scene that is recalled twice means it both times.
    void forget(std::string_view source);

    // ---- audio thread
    std::size_t waiting() const noexcept RT_SAFE { return entries_.readable(); }
    // Applies so many of what was posted, at the frame of the block that is about to run.
    void apply(std::uint64_t frame, std::size_t count) noexcept RT_SAFE;
    void apply(std::uint64_t frame) noexcept RT_SAFE { apply(frame, waiting()); }  // what is posted now waits
    // Fires those of the waiting triggers whose line is in this block, at its frame.
    void fire_due(std::uint64_t frame, const TransportTime& now) noexcept RT_SAFE;
    // Forgets those whose node goes: lives(const Declaration&).
    template <class Lives>
    void keep_waiting(Lives lives) noexcept RT_SAFE {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < waiting_count_; ++i)
            if (lives(waiting_[i].trigger->owner)) waiting_[kept++] = waiting_[i];
        waiting_count_ = kept;
    }

  private:
    struct Entry {
        Param* param = nullptr;  // its value waits in the param, newest wins; so a flood cannot fill the ring
        Trigger* trigger = nullptr;
        Notes* notes = nullptr;
        NoteEvent note;
        Grid grid;
        int at = -1;  // 0 or above: it was held, and its line is at this frame
    };
    struct Waiting {
        Trigger* trigger = nullptr;
        Grid grid;
        bool fresh = true;
        int at = -1;
    };
    void fire(Trigger& trigger, std::uint64_t frame, int at, bool held) noexcept RT_SAFE;
    void hold_or_fire(Trigger& trigger, const Grid& grid, std::uint64_t frame) noexcept RT_SAFE;
    Ring<Entry> entries_{8192};
    Ring<Stamp> stamps_{8192};
    std::map<std::string, float, std::less<>> said_;          // "source\nparam" -> what it said last
    std::map<std::string, std::string, std::less<>> movers_;  // by "node/param"
    std::optional<Stamp> unread_;
    std::uint64_t lost_ = 0;
    std::atomic<std::uint64_t> stamps_lost_{0};
    std::array<Waiting, 128> waiting_{};  // audio thread's; one for each trigger and grid
    std::size_t waiting_count_ = 0;
};

}  // namespace legume

// All that the audio thread touches: a flat list of steps over one arena of buffers.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "graph/check.h"
#include "graph/node.h"

namespace legume {

// A wire in a schedule: steady, or one that comes or goes while a patch turns into the next. `leave` goes with even
// power beside a patch of its own that comes, `out` beside a wire of the same sound.
enum class Fade : std::uint8_t { none, in, out, leave };

// What a schedule is made of; control thread only.
struct Plan {
    std::vector<std::shared_ptr<Node>> nodes;
    std::vector<std::string> ids;
    std::uint64_t seed = 0;
    double bar_beats = 4;
    std::vector<Link> links;
    std::vector<Fade> fades;  // of the links
    std::vector<std::vector<int>> in_channels, out_channels;
};

// Non-finite values that were stopped at a node's outputs.
struct Poisoned {
    std::string id;
    std::uint64_t values = 0;
};

class Schedule {
  public:
    Schedule(Plan plan, double rate, std::uint64_t length_blocks);  // length 0: plays until it is replaced
    ~Schedule();
    Schedule(const Schedule&) = delete;
    Schedule& operator=(const Schedule&) = delete;

    // Audio thread: plays one block of 64 frames. `out` is zeroed first; its channels take the sum of all outputs.
    void process(std::uint64_t frame, const TransportTime&, const Signal& in, const Signal& out) noexcept RT_SAFE;
    // Audio thread: whether a transition has run its length; then `then` takes over.
    bool finished() const noexcept RT_SAFE { return length_ && done_ >= length_; }
    Schedule* take_next() noexcept RT_SAFE { return next_.release(); }
    // Audio thread, once, before the first block: takes over what the predecessor keeps between blocks.
    void adopt() noexcept RT_SAFE;
    // Audio thread: how long each node took since that was forgotten, by its place in the plan, in ticks().
    const std::vector<std::uint64_t>& times() const noexcept RT_SAFE { return times_; }
    void forget_times() noexcept RT_SAFE { std::fill(times_.begin(), times_.end(), 0); }

    // ---- control thread
    const Plan& plan() const { return plan_; }
    Node* find(std::string_view id) const;
    std::vector<Work*> works() const;  // of all its nodes
    // Counts since the last call; any thread.
    std::vector<Poisoned> poisoned();
    int latency_frames() const { return latency_frames_; }  // the longest way from a node to an output
    std::size_t buffers() const { return arena_.size() / block_frames; }
    double rate() const { return rate_; }
    void then(std::unique_ptr<Schedule> next) {
        next->follow(*this);
        next_ = std::move(next);
    }
    Schedule* next() const { return next_.get(); }
    // Says what will be playing when this one takes over. It must stay alive until then.
    void follow(const Schedule& predecessor);

  private:
    struct Mix;    // what is summed into one In
    struct Shift;  // what moves one Param
    struct Edge;   // what fires one Trigger
    struct Step;
    struct Late;
    float fade(Fade fade, int frame) const noexcept RT_SAFE;

    Plan plan_;
    double rate_;
    std::uint64_t length_, done_ = 0;
    std::unique_ptr<Schedule> next_;
    std::vector<float> arena_;
    std::vector<Step> steps_;
    std::vector<Late> lates_;
    std::vector<std::uint64_t> times_;
    int latency_frames_ = 0;
};

}  // namespace legume

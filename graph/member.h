// What a node consists of for everybody else: ports, params, triggers, notes, meters, jobs and decisions.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graph/base/range.h"
#include "graph/base/ring.h"
#include "graph/base/rt.h"
#include "graph/block.h"

namespace legume {

class Declaration;

// A named, documented part of a node. Names are unique within a node, across kinds. The doc is one sentence for
// players, with its full stop: what you hear.
class Member {
  public:
    enum class Kind { in, out, param, trigger, notes, option, meter, work, decision };
    Member(Declaration* owner, Kind kind, std::string name, std::string doc);
    virtual ~Member() = default;
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    const Kind kind;
    const std::string name;
    const std::string doc;
    Declaration& owner;
};

// A signal that comes in, of as many channels as its wires bring. Several wires are summed; one channel feeds all.
class In : public Member {
  public:
    struct Shape {
        int channels = max_channels;  // the most it takes; surplus channels are an error of the patch
        // Always fed the previous block, so that it may close a loop: the node takes 64 frames off its own delay.
        bool feedback = false;
    };
    In(Declaration* owner, std::string name, std::string doc);
    In(Declaration* owner, std::string name, Shape shape, std::string doc);
    int channels(const Block& b) const noexcept RT_SAFE { return b.ins_[index].channels; }  // 0: not wired
    bool wired(const Block& b) const noexcept RT_SAFE { return channels(b) > 0; }
    // Channel ch; a mono signal answers for every channel, a missing one is silent.
    ConstFrames read(const Block& b, int ch) const noexcept RT_SAFE {
        const Signal& s = b.ins_[index];
        const float* p = s.channels == 1   ? s.data[0]
                         : ch < s.channels ? s.data[static_cast<std::size_t>(ch)]
                                           : b.silence_;
        return ConstFrames(p, block_frames);
    }
    const Shape shape;
    const int index;
};

// A signal that goes out. Its channel count is Node::channels_of's answer. The node writes every channel, every block.
class Out : public Member {
  public:
    Out(Declaration* owner, std::string name, std::string doc);
    int channels(const Block& b) const noexcept RT_SAFE { return b.outs_[index].channels; }
    Frames write(const Block& b, int ch) const noexcept RT_SAFE {
        return Frames(b.outs_[index].data[static_cast<std::size_t>(ch)], block_frames);
    }
    const int index;
};

// A straight line over a block, ending at the newest value.
struct Ramp {
    float from = 0, to = 0;
    float operator[](int i) const noexcept RT_SAFE {
        return from + (to - from) * (static_cast<float>(i + 1) * (1.0f / block_frames));
    }
};

// A float under the player's hands: live, clamped, gliding. Written only through the control queue and by wires.
class Param : public Member {
  public:
    Param(Declaration* owner, std::string name, Range range, std::string doc);
    const Range range;
    // At the block's end. With a wire of several channels each channel has its own value, else all have the same.
    float value(const Block&, int ch = 0) const noexcept RT_SAFE { return to_[lane(ch)]; }
    Ramp ramp(const Block&, int ch = 0) const noexcept RT_SAFE { return {from_[lane(ch)], to_[lane(ch)]}; }
    // What the player set, before glide and wires; any thread.
    float own() const noexcept RT_SAFE { return own_.load(std::memory_order_relaxed); }
    // What is heard now, after both, of the first channel; any thread.
    float shown() const noexcept RT_SAFE { return shown_.load(std::memory_order_relaxed); }
    // Before the first block, or in a constructor of a test: no glide. Not while a schedule plays the node.
    void set_initial(float value);

  private:
    friend class Schedule;
    friend class ControlQueue;
    friend class Declaration;
    std::size_t lane(int ch) const noexcept RT_SAFE { return ch < lanes_ ? static_cast<std::size_t>(ch) : 0; }
    // Audio thread: glides there, in so many seconds; below zero: in its own time.
    void set(float value, float seconds) noexcept RT_SAFE;
    // Once a block. `shift[c]` is the sum of depth x signal for channel c, `lanes` 0 when no wire moves it.
    void advance(const float* shift, int lanes) noexcept RT_SAFE;
    std::array<float, max_channels> from_{}, to_{};
    int lanes_ = 1;
    float target_ = 0;           // in the param's unit
    double position_ = 0;        // where the glide is, normalised
    double step_ = 0;            // a block
    int left_ = 0;               // blocks of glide left
    int way_ = 0;                // all blocks of a glide between levels that was given its time, else 0
    float start_ = 0;            // where that one began, in the param's unit
    float blocks_a_second_ = 0;  // of the graph; until it is known, glides last a block
    bool still_ = false;         // settled and not modulated in the last block: nothing to compute
    struct alignas(8) Move {     // so aligned, every compiler moves it in one piece
        float value;
        float seconds;
    };
    static_assert(std::atomic<Move>::is_always_lock_free);
    std::atomic<float> own_{0}, shown_{0};
    std::atomic<Move> mail_{Move{}};   // control thread -> audio thread, newest wins
    std::atomic<bool> posted_{false};  // whether it already stands in the queue
};

// An edge: from a control, or a signal rising through 0.5, exact to the frame.
class Trigger : public Member {
  public:
    Trigger(Declaration* owner, std::string name, std::string doc);
    std::uint64_t edges(const Block&) const noexcept RT_SAFE { return edges_; }  // bit i: at frame i of this block
    bool fired(const Block&) const noexcept RT_SAFE { return edges_ != 0; }

  private:
    friend class Schedule;
    friend class ControlQueue;
    friend class Declaration;
    std::uint64_t edges_ = 0;
    float last_ = 0;
};

struct NoteEvent {
    enum class Kind : std::uint8_t { on, off, bend, pressure };
    int frame = 0;  // within the block
    Kind kind = Kind::on;
    int number = 0;   // MIDI key
    float value = 0;  // velocity or pressure 0..1, bend -1..1: how far that is, the node says
};

// Notes for this block, in order; nothing in it is coalesced. More than 64 a block are counted and dropped.
class Notes : public Member {
  public:
    Notes(Declaration* owner, std::string name, std::string doc);
    std::span<const NoteEvent> events(const Block&) const noexcept RT_SAFE { return {events_.data(), count_}; }

  private:
    friend class ControlQueue;
    friend class Declaration;
    std::array<NoteEvent, 64> events_{};
    std::size_t count_ = 0;
};

// Audio thread or worker -> outside.
class Meter : public Member {
  public:
    Meter(Declaration* owner, std::string name, Unit unit, std::string doc);
    const Unit unit;
    void set(float value) noexcept RT_SAFE { value_.store(value, std::memory_order_relaxed); }
    float value() const noexcept RT_SAFE { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<float> value_{0};
};

// A job off the audio thread. One worker at a time runs it. Live, a pool polls it; offline, the host runs it inline
// after every block until it is idle. The audio thread feeds it through a Ring and never wakes anybody.
class Work : public Member {
  public:
    enum class Pool { generate, io };  // generate never touches a file
    // `run` does one bounded piece (at most a few blocks' worth) and says whether there was anything to do.
    Work(Declaration* owner, std::string name, Pool pool, std::function<bool()> run, std::string doc);
    const Pool pool;
    bool run() { return run_(); }

  private:
    std::function<bool()> run_;
};

// What the clock decides when a node plays live, and no input tells: a block that was not there in time, a file that
// was not read yet. It is a question that the node asks at rising numbers, its blocks for example. Live the answer is
// the fact, and a show's log keeps it; in a replay it is what the log says, so that the same happens again. 0 stands
// for what happens when nothing is late, and offline nothing is.
class TimingDecision : public Member {
  public:
    // lateness: 0 is what would have been heard, had nothing been late. machine: any other answer is music all the
    // same, and so is kept when a show is rendered without its dropouts.
    enum class Of { lateness, machine };
    struct Answer {
        std::uint64_t at = 0, what = 0;
        bool operator==(const Answer&) const = default;
    };
    TimingDecision(Declaration* declarer, std::string member_name, std::string member_doc)
        : TimingDecision(declarer, std::move(member_name), Of::lateness, std::move(member_doc)) {}
    TimingDecision(Declaration* owner, std::string name, Of of, std::string doc);
    const Of of;
    // The audio thread or a worker, but always the same of the two; or in `prepare`. The caller does what it returns.
    std::uint64_t decide(std::uint64_t at, std::uint64_t fact) noexcept RT_SAFE {
        if (replaying_) {
            while (next_ < answers_.size() && answers_[next_].at < at) ++next_;
            return next_ < answers_.size() && answers_[next_].at == at ? answers_[next_].what : 0;
        }
        if (fact != 0 && !recorded_.push({at, fact})) lost_.fetch_add(1, std::memory_order_relaxed);
        return fact;
    }
    // One reader, any thread but the audio thread: what was decided since the last call, without the zeros; and what
    // found no room, when nobody asked.
    bool recorded(Answer& into) { return recorded_.pop(into); }
    std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
    // Before the first block: from now on these are the answers, in rising order, and what is missing is 0.
    void replay(std::vector<Answer> answers);

  private:
    Ring<Answer> recorded_{1024};
    std::atomic<std::uint64_t> lost_{0};
    bool replaying_ = false;
    std::vector<Answer> answers_;
    std::size_t next_ = 0;
};

}  // namespace legume

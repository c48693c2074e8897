// A node and the members it declares. The declaration is the manual, the schema, the OSC namespace and the sweep test.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/range.h"
#include "graph/base/ring.h"
#include "graph/base/rt.h"
#include "graph/base/store.h"
#include "graph/patch/value.h"

namespace legume {

inline constexpr int block_frames = 64;
inline constexpr int max_channels = 16;
using Frames = std::span<float, block_frames>;
using ConstFrames = std::span<const float, block_frames>;

class Node;
class Schedule;
class Transport;
class In;
class Out;
class Entry;

// Musical time: where a block begins and how it goes on. Standing still its step is 0.
struct TransportTime {
    double tempo = 120;  // beats a minute; a beat is a quarter
    double beat = 0;     // since the start, at the block's first frame
    double step = 0;     // beats a frame
    double bar_beats = 4;
    bool running = true;
    double at(int frame) const noexcept RT_SAFE { return beat + step * frame; }
};

// One port's channels in one schedule. Frames of channel c are data[c][0..63].
struct Signal {
    int channels = 0;
    std::array<float*, max_channels> data{};
};

// 64 frames of time. `const Block&` in a signature means: audio thread. Only Schedule makes one.
class Block {
  public:
    std::uint64_t frame() const noexcept RT_SAFE { return frame_; }  // of the block's first frame, since the start
    double rate() const noexcept RT_SAFE { return rate_; }           // frames a second
    const TransportTime& transport() const noexcept RT_SAFE { return transport_; }
    const Signal& device_in() const noexcept RT_SAFE { return *device_in_; }    // what the device hears
    const Signal& device_out() const noexcept RT_SAFE { return *device_out_; }  // add to it what it shall play

  private:
    friend class Schedule;
    friend class In;
    friend class Out;
    Block() = default;
    std::uint64_t frame_ = 0;
    double rate_ = 48'000;
    TransportTime transport_;
    const Signal* device_in_ = nullptr;
    const Signal* device_out_ = nullptr;
    const Signal* ins_ = nullptr;  // of the step at hand, by In::index
    const Signal* outs_ = nullptr;
    const float* silence_ = nullptr;
};

// Thrown by Node::prepare when the node cannot play; the place is that of the member's setting.
class PrepareError : public std::runtime_error {
  public:
    PrepareError(std::string where, const std::string& message)
        : std::runtime_error(message), member(std::move(where)) {}
    std::string member;  // empty: the node as a whole
};

// What a node may use while it gets ready. `const Prepare&` means: control thread, may allocate and load.
class Prepare {
  public:
    Prepare(double graph_rate, std::uint64_t node_seed, Store& things, std::function<void(std::string)> say)
        : rate(graph_rate), seed(node_seed), store(things), tell(std::move(say)) {}
    double rate;                   // frames a second of the graph
    std::uint64_t seed;            // this node's own
    bool live = false;             // what this machine can do may decide; offline the bytes never depend on a stopwatch
    Store& store;                  // immutable things that nodes share: decoded sounds, models
    std::filesystem::path states;  // folder for what nodes of this patch remember; it need not exist; empty: nowhere
    // Says a line to the player, any thread but the audio thread, after the node's id. Keep a copy to use later.
    std::function<void(std::string)> tell;
    int channels(const In& in) const;  // 0: nothing is wired to it
    int channels(const Out& out) const;

  private:
    friend class Schedule;
    friend struct Compiler;
    const std::vector<int>* in_channels_ = nullptr;
    const std::vector<int>* out_channels_ = nullptr;
};

// ---------------------------------------------------------------- members

// A named, documented part of a node. Names are unique within a node, across kinds. The doc is one sentence for
// players, with its full stop: what you hear.
class Member {
  public:
    enum class Kind { in, out, param, trigger, notes, option, meter, work, decision };
    Member(Node* node, Kind kind, std::string name, std::string doc);
    virtual ~Member() = default;
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    const Kind kind;
    const std::string name;
    const std::string doc;
    Node& node;
};

// A signal that comes in, of as many channels as its wires bring. Several wires are summed; one channel feeds all.
class In : public Member {
  public:
    struct Shape {
        int channels = max_channels;  // the most it takes; surplus channels are an error of the patch
        // Always fed the previous block, so that it may close a loop: the node takes 64 frames off its own delay.
        bool feedback = false;
    };
    In(Node* node, std::string name, std::string doc);
    In(Node* node, std::string name, Shape shape, std::string doc);
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
    Out(Node* node, std::string name, std::string doc);
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
    Param(Node* node, std::string name, Range range, std::string doc);
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
    friend class Transport;
    friend class ControlQueue;
    friend struct Compiler;
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
    Trigger(Node* node, std::string name, std::string doc);
    std::uint64_t edges(const Block&) const noexcept RT_SAFE { return edges_; }  // bit i: at frame i of this block
    bool fired(const Block&) const noexcept RT_SAFE { return edges_ != 0; }

  private:
    friend class Schedule;
    friend class Transport;
    friend class ControlQueue;
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
    Notes(Node* node, std::string name, std::string doc);
    std::span<const NoteEvent> events(const Block&) const noexcept RT_SAFE { return {events_.data(), count_}; }

  private:
    friend class Schedule;
    friend class ControlQueue;
    std::array<NoteEvent, 64> events_{};
    std::size_t count_ = 0;
};

// Audio thread or worker -> outside.
class Meter : public Member {
  public:
    Meter(Node* node, std::string name, Unit unit, std::string doc);
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
    Work(Node* node, std::string name, Pool pool, std::function<bool()> run, std::string doc);
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
    TimingDecision(Node* owner, std::string member_name, std::string member_doc)
        : TimingDecision(owner, std::move(member_name), Of::lateness, std::move(member_doc)) {}
    TimingDecision(Node* node, std::string name, Of of, std::string doc);
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

// ---------------------------------------------------------------- options

// Set by the patch; may allocate or load. Another value means another node: the runner prepares it and fades over.
class Option : public Member {
  public:
    enum class Type { text, file, number, flag, choice, list, scenes, entries };
    Option(Node* node, Type type, std::string name, bool required, std::string doc);
    const Type type;
    const bool required;
    bool given() const { return given_; }                            // whether the patch sets it
    bool valid() const { return !wrong_ && (given_ || !required); }  // false: a problem has been said already
    void configure(const Value& value, Problems& problems);          // reads it; everything wrong becomes a problem
    virtual std::string print_initial() const = 0;                   // for the manual; empty when there is none
    virtual std::vector<std::string> choices() const { return {}; }
    virtual const Range* limits() const { return nullptr; }  // of a number, or of a list's numbers
    virtual bool holds_files() const { return false; }

  protected:
    // One of the two: `parse` gives an error sentence without a full stop, or nothing.
    virtual void read(const Value& value, Problems& problems);
    virtual std::optional<std::string> parse(const Value&) { return {}; }

  private:
    bool given_ = false, wrong_ = false;
};

class TextOption : public Option {
  public:
    TextOption(Node* node, std::string name, std::string initial, std::string doc);
    const std::string& value() const { return value_; }
    std::string print_initial() const override { return initial_; }

  private:
    std::optional<std::string> parse(const Value& value) override;
    std::string initial_, value_;
};

struct Required {};  // an option that the patch must set

// A file or folder, relative to the file that holds the text.
class FileOption : public Option {
  public:
    FileOption(Node* node, std::string name, Required, std::string doc);
    FileOption(Node* node, std::string name, std::string doc);
    const std::filesystem::path& path() const { return path_; }  // empty when not given
    std::string print_initial() const override { return ""; }
    bool holds_files() const override { return true; }

  private:
    std::optional<std::string> parse(const Value& value) override;
    std::filesystem::path path_;
};

class NumberOption : public Option {
  public:
    // With a word the patch may say that instead of a number, and it is the default.
    NumberOption(Node* node, std::string name, Range range, std::string doc, std::string word = "");
    float value() const { return value_; }
    int count() const { return static_cast<int>(value_); }  // of Unit::count
    bool is_word() const { return is_word_; }
    std::string print_initial() const override { return word_.empty() ? range_.print(range_.initial) : word_; }
    std::vector<std::string> choices() const override;
    const Range* limits() const override { return &range_; }

  private:
    std::optional<std::string> parse(const Value& value) override;
    const Range range_;
    const std::string word_;
    bool is_word_;
    float value_;
};

class FlagOption : public Option {
  public:
    FlagOption(Node* node, std::string name, bool initial, std::string doc);
    bool value() const { return value_; }
    std::string print_initial() const override { return initial_ ? "true" : "false"; }

  private:
    std::optional<std::string> parse(const Value& value) override;
    const bool initial_;
    bool value_;
};

// One of a few words; the first is the default.
class ChoiceOption : public Option {
  public:
    ChoiceOption(Node* node, std::string name, std::vector<std::string> choices, std::string doc);
    const std::string& value() const { return choices_[at_]; }
    std::size_t at() const { return at_; }
    std::string print_initial() const override { return choices_[0]; }
    std::vector<std::string> choices() const override { return choices_; }

  private:
    std::optional<std::string> parse(const Value& value) override;
    const std::vector<std::string> choices_;
    std::size_t at_ = 0;
};

// Several numbers; a single one may be written without brackets.
class NumbersOption : public Option {
  public:
    NumbersOption(Node* node, std::string name, std::vector<float> initial, Range each, std::string doc);
    const std::vector<float>& values() const { return values_; }
    std::string print_initial() const override;
    const Range* limits() const override { return &each_; }

  private:
    std::optional<std::string> parse(const Value& value) override;
    const std::vector<float> initial_;
    const Range each_;
    std::vector<float> values_;
};

// Several files or folders; a single one may be written without brackets.
class FilesOption : public Option {
  public:
    FilesOption(Node* node, std::string name, std::string doc);
    const std::vector<std::filesystem::path>& paths() const { return paths_; }
    std::string print_initial() const override { return ""; }
    bool holds_files() const override { return true; }

  private:
    std::optional<std::string> parse(const Value& value) override;
    std::vector<std::filesystem::path> paths_;
};

// Two to four of the patch's scenes, between which the host moves as the node's first params say, 0 to 1 each.
class ScenesOption : public Option {
  public:
    ScenesOption(Node* node, std::string name, std::string doc);
    const std::vector<Value>& names() const { return names_; }
    std::string print_initial() const override { return ""; }

  private:
    std::optional<std::string> parse(const Value& value) override;
    std::vector<Value> names_;
};

// ---------------------------------------------------------------- the node

// How a node that makes its sound ahead of time keeps up with this machine, as it found when it was prepared live.
struct RealTimeFactor {
    std::string speed;     // "3.4 x real time at 22.05 kHz"; empty: not known
    std::string short_of;  // what follows when that is not enough, as a sentence without a full stop
    std::string help;      // what would make it lighter, the best first
    double load = 0;       // of one generate worker: 1 takes all its time
};
// As many times faster than sound must a generator be: the rest is for all else that its thread and its core do.
inline constexpr double real_time_factor_needed = 1.1;

// Gathers what a node finds wrong with its own options, each at its setting's place.
class Checking {
  public:
    Checking(const PatchNode& node, Problems& problems) : node_(node), problems_(problems) {}
    void problem(const Member& member, std::string message) const;
    void problem(std::string message) const;  // the node as a whole
    Checking of(const Entry& entry) const;    // the same for one of an option's entries

  private:
    const PatchNode& node_;
    Problems& problems_;
};

// Where a node's meter goes by OSC, while the host has OSC.
struct OscOut {
    const Meter& value;
    const TextOption& to;       // "127.0.0.1:9001"; the host says what is wrong with it
    const TextOption& address;  // empty: the meter's own
    const NumberOption& rate;   // times a second at the most
};

class Node {
  public:
    Node() = default;
    virtual ~Node() = default;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    // Control thread, nothing is prepared: cheap checks (does the file exist, is its header sound). What it says of an
    // option that is wrong already is not said again.
    virtual void check(const Checking&) const {}
    // Control thread, once, before the first process. Throws PrepareError.
    virtual void prepare(const Prepare&) {}
    // Audio thread, every block.
    virtual void process(const Block& b) noexcept RT_SAFE = 0;
    // Audio thread. Afterwards the node sounds as it did when fresh (params keep their values).
    virtual void reset() noexcept RT_SAFE {}
    // How many channels an Out has, when the widest In has `widest` (0: none is wired). Options are set; not prepared.
    virtual int channels_of(const Out&, int widest) const { return widest > 0 ? widest : 1; }
    // How many channels an In takes at the most, where an option decides it.
    virtual int channels_of(const In& in) const { return in.shape.channels; }
    virtual int latency_frames() const { return 0; }  // prepared: from In to Out, or from control to Out of a source
    virtual RealTimeFactor real_time_factor() const {
        return {};
    }                                                 // prepared; of what makes nothing ahead of time it is empty
    virtual int device_inputs() const { return 0; }   // channels that it takes from the device; options are set
    virtual int device_outputs() const { return 0; }  // channels that it gives to the device
    virtual bool portable() const { return true; }    // false: stands on a library whose bytes differ between machines
    virtual bool offline() const { return false; }    // true: runs under `legume train` and idles elsewhere
    virtual const OscOut* osc_out() const { return nullptr; }  // of what goes out by OSC by the node's own settings
    // What it would go on from if the program ended now, beside its params, as bytes of its own; empty: nothing.
    // Control thread, about once a second while it plays.
    virtual std::string save_state() { return {}; }
    // Goes on from what `keep` gave in another run. Control thread, prepared, before the first block. False: these are
    // not its bytes, and it begins afresh.
    virtual bool load_state(std::string_view) { return false; }

    const std::vector<Member*>& members() const { return members_; }
    Member* find(std::string_view name) const;
    const std::vector<In*>& ins() const { return ins_; }
    const std::vector<Out*>& outs() const { return outs_; }
    const std::vector<Param*>& params() const { return params_; }
    const std::vector<Trigger*>& triggers() const { return triggers_; }
    const std::vector<Notes*>& notes() const { return notes_; }
    const std::vector<Option*>& options() const { return options_; }
    const std::vector<Meter*>& meters() const { return meters_; }
    const std::vector<Work*>& works() const { return works_; }
    const std::vector<TimingDecision*>& decisions() const { return decisions_; }
    // Sets options and params from the patch's text; everything wrong becomes a problem.
    void configure(const PatchNode& text, Problems& problems);

  private:
    friend class Member;
    friend class In;
    friend class Out;
    friend class Param;
    friend class Trigger;
    friend class Notes;
    friend class Option;
    friend class Meter;
    friend class Work;
    friend class TimingDecision;
    std::vector<Member*> members_;  // in order of declaration
    std::vector<In*> ins_;
    std::vector<Out*> outs_;
    std::vector<Param*> params_;
    std::vector<Trigger*> triggers_;
    std::vector<Notes*> notes_;
    std::vector<Option*> options_;
    std::vector<Meter*> meters_;
    std::vector<Work*> works_;
    std::vector<TimingDecision*> decisions_;
};

// State per channel, of fixed room, so that a channel count never allocates.
template <class T>
class PerChannel {
  public:
    T& operator[](int ch) noexcept RT_SAFE { return states_[static_cast<std::size_t>(ch)]; }
    void fill(const T& value) noexcept RT_SAFE { states_.fill(value); }
    auto begin() noexcept RT_SAFE { return states_.begin(); }
    auto end() noexcept RT_SAFE { return states_.end(); }

  private:
    std::array<T, max_channels> states_{};
};

// One of several things in a list that an option holds. It declares what may be said of it as a node declares its
// options, and plays nothing.
class Entry : public Node {
  public:
    void process(const Block&) noexcept RT_SAFE final {}
    PatchNode text;  // as it was written
};

// Several entries: a list of maps, such as [{file: a.flac, from: 1 s}, b.flac]. What is no map is the value of an
// entry's first option, and a single entry may be written without brackets.
class EntriesOption : public Option {
  public:
    using Make = std::unique_ptr<Entry> (*)();
    // `what` stands in messages: "a region has no setting ..."
    EntriesOption(Node* node, std::string name, std::string what, Make make, Required, std::string doc);
    const std::vector<std::unique_ptr<Entry>>& all() const { return all_; }
    std::unique_ptr<Entry> form() const { return make_(); }  // one that says nothing yet, to be looked at
    std::string print_initial() const override { return ""; }
    bool holds_files() const override;

  private:
    void read(const Value& value, Problems& problems) override;
    const std::string what_;
    const Make make_;
    std::vector<std::unique_ptr<Entry>> all_;
};
template <class T>
std::unique_ptr<Entry> make_entry() {
    return std::make_unique<T>();
}

// A kind of node, as the registry lists it.
struct NodeType {
    const char* name;  // the patch's `type:`, the file's name, the manual's heading
    const char* doc;   // one sentence: what it does for a player
    std::unique_ptr<Node> (*make)();
};
template <class T>
std::unique_ptr<Node> make_node() {
    return std::make_unique<T>();
}
using NodeTypes = std::span<const NodeType* const>;
const NodeType* find_type(NodeTypes types, std::string_view name);

}  // namespace legume

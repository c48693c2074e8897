// Plays a patch: the schedule at hand, the swap to the next, re-blocking, the pools, and the ledger of late blocks.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/base/ring.h"
#include "graph/check.h"
#include "graph/compile.h"
#include "graph/control.h"
#include "graph/schedule.h"
#include "graph/setlist_controls.h"
#include "graph/transport.h"
#include "host/audio/audio.h"
#include "host/audio/tape.h"
#include "host/engine/changeover.h"
#include "host/engine/pool.h"

namespace legume {

struct RunnerSetup {
    double rate = 48'000;
    int inputs = 0;
    int outputs = 2;
    std::uint64_t seed = 0;
    std::function<void(const std::string& id, const std::string& line)> tell;  // what nodes say; any thread
    bool live = false;                                                         // nodes may measure this machine
    bool replay = false;  // what an edit moves comes from a log, at its frame
    // What a node goes on from, told before it makes its first sound; of the first patch only.
    std::function<void(const std::string& id, Node& node)> resume = {};
    double beat = 0;                    // of the transport, at the first frame
    std::filesystem::path states = {};  // holds the .states folders; empty: they lie beside their patches
    std::shared_ptr<Store> store = {};  // what other runners share with this one; nullptr: a store of its own
};

// What the device was about to play when it last called.
struct CallbackTime {
    double seconds = 0;  // of the steady clock
    std::uint64_t frame = 0;
    TransportTime time;  // at that frame
};

// A control as it was applied: the performance log's line.
struct Applied {
    std::uint64_t frame = 0;
    std::string target;  // "node/member"
    Member::Kind kind = Member::Kind::param;
    float value = 0;
    float seconds = -1;  // of a param's glide; below zero: its own
    NoteEvent note;
    bool held = false;     // a trigger that waited for its line
    bool leaving = false;  // of a node that the newest patch, which was there by then, has no more or has anew
};

// A callback of the device that took longer than what it played lasts.
struct LateCallback {
    double at = 0;                                      // seconds since the show began
    double took = 0;                                    // seconds, by the clock on the wall
    double worked = 0;                                  // of these the thread had the processor
    double allowed = 0;                                 // what it played
    std::vector<std::pair<std::string, double>> nodes;  // the heaviest first, and their share of the nodes' time
    // Within the time there was, had the thread only been let to work.
    bool held_up() const { return worked <= allowed; }
};

// What plays, as an edit of it starts out from; a copy, which any thread may have.
struct Playing {
    Plan plan;
    Patch patch;
    std::uint64_t seed = 0;
    std::uint64_t number = 0;  // of the edit or change that brought it
};

// A patch that is loaded, warmed and has its head start: it can sound in the next block. Its nodes are its own, or it
// is an edit, and what stays is shared with what plays.
struct Prepared {
    Patch patch;
    std::unique_ptr<Schedule> schedule;  // nullptr: it cannot be played
    Schedule* last = nullptr;            // what plays when the edit's transition is over, else schedule
    std::vector<ParamEdit> edits;        // of params that stay
    std::uint64_t seed = 0;
    std::uint64_t number = 0;  // of an edit: what it is made from
    Problems problems;
};

// Who hears what is played, beside the device.
enum class TapPoint : std::uint8_t {
    tape,   // --record: what the device is given, before the last fade
    heard,  // the show: the same
    given   // the show: what the device gave
};
inline constexpr std::size_t tap_points = 3;

// When the patch that plays came in.
struct Arrival {
    std::uint64_t number = 0;  // of its change; 0: it began the show
    std::uint64_t frame = 0;
    double beat = 0;  // of the transport, at that frame
};

class Runner final : public AudioCallback {
  public:
    explicit Runner(const RunnerSetup& setup);
    ~Runner() override;
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;

    // ---- control thread
    // Plays this patch from the next block on. With a patch playing it is an edit: what stays keeps its state, what
    // comes and goes is faded. All or nothing: with problems, what was playing plays on. Call it only when settled().
    Problems edit(Checked checked);
    bool settled();  // no edit is on its way, and no change
    // The same in three steps, of which the second may take its time on another thread.
    Playing playing() const;
    std::uint64_t playing_number() const { return posted_; }          // as Playing and Prepared have it
    Prepared prepare(Checked checked, const Playing& playing) const;  // any thread but the audio thread
    // Call it only when settled(). False: something else plays by now, and the edit is to be made anew.
    bool edit(Prepared edit);
    // Any thread but the audio thread, also while edits go on: another patch.
    Prepared prepare(Checked checked, std::uint64_t seed) const;
    // Another patch comes in with the next block, and what played leaves beside it: nothing is shared between the two,
    // whatever their nodes are called. Call it only when settled(); what left before makes room then.
    void change(Prepared next, const Crossfade& over);
    std::uint64_t changes() const { return changes_; }         // so far
    const Crossfade& crossfade() const { return crossfade_; }  // of the newest
    Arrival arrival() const { return arrival_.load(); }        // of the newest that sounds
    bool leaving() const { return changeover_.leaving(); }     // what played before still sounds
    std::uint64_t late_while_changing() const { return late_changing_.load(std::memory_order_relaxed); }
    const Patch& patch() const { return patch_; }
    Node* find(std::string_view id) const { return last_ ? last_->find(id) : nullptr; }
    Node* find_leaving(std::string_view id) const;   // of what played before, as long as it is still heard
    bool plays() const { return last_ != nullptr; }  // it has a patch
    Schedule& schedule() { return *last_; }          // the newest
    ControlQueue& control() { return control_; }
    Transport& transport() { return transport_; }
    SetlistControls& setlist_controls() { return setlist_controls_; }
    // Frees what was retired and passes on what was applied. Call it often.
    void tick();
    std::function<void(const Applied&)> on_applied;
    std::function<void(std::uint64_t frame)> on_adopted;  // an edit is heard from that frame on
    std::function<void(const LateCallback&)> on_late;
    // The share of the last second that generators filled from their own past, of the one that is furthest behind.
    float covering() const;
    std::vector<Poisoned> poisoned() { return last_ ? last_->poisoned() : std::vector<Poisoned>{}; }

    void start_pools();  // live: the pools run the jobs from now on
    // nullptr: nobody any more. Once frames() has gone on by two blocks since then, the tape may be freed.
    void set_tap(TapPoint point, Tape* tape) {
        taps_[static_cast<std::size_t>(point)].store(tape, std::memory_order_release);
    }
    void fade_out() { fading_.store(true, std::memory_order_release); }
    bool silent() const { return silent_.load(std::memory_order_acquire); }  // the last fade is over

    // Offline: plays a block of 64 frames and then runs every job until it is idle. out: `outputs` channels.
    void render_block(const float* const* in, float* const* out);

    // Any thread.
    CallbackTime moment() const { return moment_.load(); }
    std::uint64_t frames() const { return frame_shown_.load(std::memory_order_acquire); }
    float take_peak() { return peak_.exchange(0, std::memory_order_relaxed); }  // since the last call
    double load() const { return load_.load(std::memory_order_relaxed); }       // share of the time there is
    std::uint64_t late_blocks() const { return late_.load(std::memory_order_relaxed); }
    double rate() const { return setup_.rate; }
    double beat() const { return beat_shown_.load(std::memory_order_relaxed); }  // at the frame `frames()`
    int inputs() const { return setup_.inputs; }
    int outputs() const { return setup_.outputs; }
    std::uint64_t seed() const { return seed_; }  // of the patch that plays

    // ---- audio thread
    void play(const float* const* in, int in_channels, float* const* out, int out_channels,
              int frames) noexcept RT_SAFE override;

  private:
    void block() noexcept RT_SAFE;
    void adopt(Change* change) noexcept RT_SAFE;
    void go_on() noexcept RT_SAFE;
    void take_over(Schedule* next) noexcept RT_SAFE;
    void note_late(double took, double worked, double allowed) noexcept RT_SAFE;
    void post(std::unique_ptr<Change> change, Prepared next);
    std::vector<Job> jobs() const;
    void set_jobs();
    const std::string* name_before(
        const Declaration* node) const;  // of what played before; nullptr: of nothing that sounds
    std::filesystem::path states_of(const Patch& patch) const;
    CompileContext context(const Patch& patch, std::uint64_t seed) const;

    // A late callback as the audio thread sees it. Its nodes live until the control thread has read it.
    struct LateBlocks {
        std::uint64_t frame;
        double took, worked, allowed;
        struct Heavy {
            const Node* node;  // nullptr: no more
            double share;
        };
        std::array<Heavy, 3> nodes;
    };
    void tell_late(const LateBlocks& blocks);

    const RunnerSetup setup_;
    const std::shared_ptr<Store> store_;
    ControlQueue control_;
    Transport transport_;
    SetlistControls setlist_controls_;
    Patch patch_;
    Schedule* last_ = nullptr;  // control side's newest; owned through current_ or mail_
    std::uint64_t seed_;        // of the patch that plays
    std::uint64_t changes_ = 0, posted_ = 0;
    Crossfade crossfade_;
    bool edited_ = false;  // and not yet told to on_adopted
    std::vector<Job> jobs_now_;
    struct Before {  // what played until a change came; it still sounds until that comes back
        const Change* until;
        std::vector<Job> jobs;
        std::vector<std::pair<Node*, std::string>> nodes;  // by name
    };
    std::vector<Before> before_;  // the newest last
    std::unique_ptr<Pool> generate_, io_;

    Mailbox<Change> mail_;
    Retired<Change> retired_;
    Changeover changeover_;
    Latest<Arrival> arrival_;
    Ring<LateBlocks> late_blocks_{64};
    std::atomic<Schedule*> live_{nullptr};  // what the audio thread plays, for the control thread to compare
    Schedule* current_ = nullptr;           // audio thread's; the runner's once no callback runs
    Change* editing_ = nullptr;             // the same: an edit whose transition plays
    std::uint64_t frame_ = 0;
    TransportTime time_;  // of the block at hand
    Latest<CallbackTime> moment_;
    std::vector<float> in_arena_, out_arena_, next_in_arena_;
    Signal in_, out_, next_in_;
    int out_left_ = 0;  // frames of the block at hand that the device has not had yet
    double fade_ = 1;
    std::atomic<bool> fading_{false}, silent_{false};
    std::array<std::atomic<Tape*>, tap_points> taps_{};
    std::atomic<std::uint64_t> frame_shown_{0}, late_{0};
    std::atomic<std::uint64_t> late_changing_{0};
    std::atomic<std::uint64_t> adopted_{0};  // 1 + the frame at which the newest edit or change came
    std::atomic<float> peak_{0};
    std::atomic<double> load_{0}, beat_shown_{0};
};

}  // namespace legume

// The audio callback and the control side that feeds it.
// SPDX-License-Identifier: MIT
#include "host/engine/runner.h"

#include <algorithm>
#include <chrono>
#include <ctime>

#include "graph/base/denormals.h"
#include "graph/base/math.h"

namespace legume {
namespace {

constexpr double last_fade_seconds = 0.3;

// How long this thread has had a processor, in seconds.
double worked_seconds() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

Signal lay_out(std::vector<float>& arena, int channels) {
    channels = std::clamp(channels, 0, max_channels);
    arena.assign(static_cast<std::size_t>(channels) * block_frames, 0.0f);
    Signal signal;
    signal.channels = channels;
    for (int c = 0; c < channels; ++c) signal.data[static_cast<std::size_t>(c)] = arena.data() + c * block_frames;
    return signal;
}

}  // namespace

Runner::Runner(const RunnerSetup& setup)
    : setup_(setup),
      store_(setup.store ? setup.store : std::make_shared<Store>()),
      conductor_(setup.rate),
      seed_(setup.seed),
      changeover_(setup.rate, setup.outputs),
      in_(lay_out(in_arena_, setup.inputs)),
      out_(lay_out(out_arena_, setup.outputs)),
      next_in_(lay_out(next_in_arena_, setup.inputs)),
      beat_shown_(setup.beat) {
    conductor_.begin_at(setup.beat);
}

Runner::~Runner() {
    generate_.reset();
    io_.reset();
    delete current_;
}

bool Runner::settled() {
    tick();
    return live_.load(std::memory_order_acquire) == last_;
}

Problems Runner::edit(Checked checked) {
    auto patch = checked.patch;
    auto compiled = compile(std::move(checked),
                            {setup_.rate, seed_, *store_, setup_.tell, setup_.live, states_of(patch)}, last_, &patch_);
    if (!compiled.schedule) return std::move(compiled.problems);

    if (!current_ && setup_.resume)
        for (std::size_t i = 0; i < compiled.last->plan().nodes.size(); ++i)
            setup_.resume(compiled.last->plan().ids[i], *compiled.last->plan().nodes[i]);
    // Jobs of nodes that are new get their head start here, so that a generator's ring is full when it is first read.
    std::vector<Work*> fresh;
    for (auto* work : compiled.last->works())
        if (std::none_of(jobs_now_.begin(), jobs_now_.end(), [&](const Job& job) { return job.work == work; }))
            fresh.push_back(work);
    {
        const NoDenormals no_denormals;
        run_until_idle(fresh);
    }
    jobs_before_ = std::move(jobs_now_);
    jobs_now_.clear();
    const auto& plan = compiled.last->plan();
    for (const auto& node : plan.nodes)
        for (auto* work : node->works()) jobs_now_.push_back({node, work});
    set_jobs(true);

    const auto tempo = static_cast<float>(patch.tempo.value_or(static_cast<double>(tempo_range.initial)));
    if (!current_)
        conductor_.tempo.set_initial(tempo);
    else if (patch.tempo != patch_.tempo && !setup_.replay)
        control_.post(conductor_.tempo, "transport/tempo", tempo, "patch");
    patch_ = std::move(patch);
    name_replaced();
    last_ = compiled.last;
    if (!current_) {  // nothing has played yet
        current_ = compiled.schedule.release();
        conductor_.set_bar(plan.bar_beats);
        live_.store(current_, std::memory_order_release);
    } else {
        adopted_.store(0, std::memory_order_relaxed);
        edited_ = true;
        mail_.post(std::move(compiled.schedule));
    }
    if (setup_.replay) return {};
    for (const auto& edit : compiled.edits) control_.post(*edit.param, edit.name, edit.value, "patch");
    return {};
}

std::filesystem::path Runner::states_of(const Patch& patch) const {
    const auto beside = std::filesystem::path(patch.file).replace_extension(".states");
    return setup_.states.empty() ? beside : setup_.states / beside.filename();
}

Prepared Runner::prepare(Checked checked, std::uint64_t seed) {
    Prepared made;
    made.patch = checked.patch;
    made.seed = seed;
    auto compiled =
        compile(std::move(checked), {setup_.rate, seed, *store_, setup_.tell, setup_.live, states_of(made.patch)});
    made.problems = std::move(compiled.problems);
    made.schedule = std::move(compiled.schedule);
    if (!made.schedule) return made;
    const NoDenormals no_denormals;
    run_until_idle(made.schedule->works());
    return made;
}

void Runner::change(Prepared next, const Crossfade& over) {
    const auto blocks = [&](double seconds) {
        return static_cast<std::uint64_t>(math::round_even(seconds * setup_.rate / block_frames));
    };
    auto change = std::make_unique<Change>();
    change->leaving = leave(*last_, over.seconds);
    change->fade_blocks = std::max<std::uint64_t>(1, blocks(std::max(over.seconds, transition_seconds)));
    change->tail_blocks = has_tail(last_->plan()) ? blocks(std::max(over.tails, transition_seconds)) : 0;
    change->number = ++changes_;
    crossfade_ = over;
    change->begins = next.patch.tempo.has_value() && !next.patch.clock.midi;
    change->tempo = static_cast<float>(next.patch.tempo.value_or(120));
    change->bar_beats = next.patch.bar_beats.value_or(4);
    leaving_.push_back({change.get(), std::move(jobs_now_)});
    jobs_now_.clear();
    for (const auto& node : next.schedule->plan().nodes)
        for (auto* work : node->works()) jobs_now_.push_back({node, work});
    set_jobs(true);
    control_.forget_sources();  // whatever is said from now on is said of the new one
    patch_ = std::move(next.patch);
    seed_ = next.seed;
    name_replaced();
    adopted_.store(0, std::memory_order_relaxed);
    edited_ = true;
    last_ = next.schedule.get();
    change->arriving = std::move(next.schedule);
    changes_mail_.post(std::move(change));
}

void Runner::name_replaced() {
    replaced_.clear();
    if (!last_) return;
    const auto& plan = last_->plan();
    for (std::size_t i = 0; i < plan.nodes.size(); ++i) replaced_.emplace_back(plan.nodes[i].get(), plan.ids[i]);
}

void Runner::set_jobs(bool with_retiring) {
    if (!generate_) return;
    std::vector<Job> generate, io;
    const auto add = [&](const std::vector<Job>& jobs) {
        for (const auto& job : jobs) {
            auto& list = job.work->pool == Work::Pool::generate ? generate : io;
            if (std::none_of(list.begin(), list.end(), [&](const Job& other) { return other.work == job.work; }))
                list.push_back(job);
        }
    };
    add(jobs_now_);
    if (with_retiring) add(jobs_before_);
    for (const auto& leaving : leaving_) add(leaving.jobs);
    generate_->set(std::move(generate));
    io_->set(std::move(io));
}

void Runner::start_pools() {
    generate_ = std::make_unique<Pool>(generate_threads(), true);
    io_ = std::make_unique<Pool>(1, false);
    set_jobs(true);
}

void Runner::tick() {
    // Every stamp that names a node of a retired schedule was pushed before that came back; so read them, then free.
    const bool done = live_.load(std::memory_order_acquire) == last_;
    const auto garbage = retired_.collect();
    const auto gone = changeover_.collect();
    // Those of the block that plays wait until it is known whether something came in with it.
    const auto over = frames();
    const auto adopted = adopted_.load(std::memory_order_acquire);
    if (edited_ && adopted) {
        edited_ = false;
        if (on_adopted) on_adopted(adopted - 1);
    }
    Stamp stamp;
    while (control_.stamp(stamp, over)) {
        if (!on_applied || !last_) continue;
        const auto tell = [&](std::string_view id, bool leaving) {
            on_applied({stamp.frame, std::string(id) + "/" + stamp.target->name, stamp.target->kind, stamp.value,
                        stamp.seconds, stamp.note, stamp.held, leaving});
        };
        const auto* node = &stamp.target->node;
        const auto& plan = last_->plan();
        const auto at =
            std::find_if(plan.nodes.begin(), plan.nodes.end(), [&](const auto& n) { return n.get() == node; });
        const auto before =
            std::find_if(replaced_.begin(), replaced_.end(), [&](const auto& other) { return other.first == node; });
        if (node == &conductor_)
            tell(Transport::id, false);
        else if (node == &setlist_controls_)
            tell(SetlistControls::id, false);
        else if (at != plan.nodes.end())
            tell(plan.ids[static_cast<std::size_t>(at - plan.nodes.begin())], false);
        else if (before != replaced_.end())
            tell(before->second, adopted && stamp.frame >= adopted - 1);
    }
    LateBlocks late;
    while (late_blocks_.pop(late)) tell_late(late);
    if (!gone.empty()) {
        const auto is_gone = [&](const Leaving& leaving) {
            return std::any_of(gone.begin(), gone.end(),
                               [&](const auto& change) { return change.get() == leaving.change; });
        };
        leaving_.erase(std::remove_if(leaving_.begin(), leaving_.end(), is_gone), leaving_.end());
        set_jobs(true);
        if (leaving_.empty() && done) replaced_.clear();
    }
    if (!garbage.empty() && done) {
        replaced_.clear();
        if (jobs_before_.empty()) return;
        set_jobs(false);
        jobs_before_.clear();  // the last hold on nodes that are gone
    }
}

float Runner::covering() const {
    float most = 0;
    for (const auto& node : last_->plan().nodes)
        for (const auto* meter : node->meters())
            if (meter->name == "covering") most = std::max(most, meter->value());
    return most;
}

Node* Runner::find_leaving(std::string_view id) const {
    const auto found =
        std::find_if(replaced_.begin(), replaced_.end(), [&](auto& other) { return other.second == id; });
    return found != replaced_.end() ? found->first : nullptr;
}

void Runner::tell_late(const LateBlocks& blocks) {
    if (!on_late || !last_) return;
    LateCallback late{static_cast<double>(blocks.frame) / setup_.rate, blocks.took, blocks.worked, blocks.allowed, {}};
    const auto& plan = last_->plan();
    for (const auto& [node, share] : blocks.nodes)
        for (std::size_t i = 0; i < plan.nodes.size(); ++i)
            if (plan.nodes[i].get() == node) late.nodes.emplace_back(plan.ids[i], share);
    on_late(late);
}

void Runner::run_until_idle(const std::vector<Work*>& works) {
    for (bool worked = true; worked;) {
        worked = false;
        for (auto* work : works) worked = work->run() || worked;
    }
}

void Runner::render_block(const float* const* in, float* const* out) {
    play(in, setup_.inputs, out, setup_.outputs, block_frames);
    std::vector<Work*> works;
    for (const auto& job : jobs_now_) works.push_back(job.work);
    for (const auto& job : jobs_before_)
        if (std::find(works.begin(), works.end(), job.work) == works.end()) works.push_back(job.work);
    for (const auto& leaving : leaving_)
        for (const auto& job : leaving.jobs) works.push_back(job.work);
    const NoDenormals no_denormals;
    run_until_idle(works);
}

// ---------------------------------------------------------------- audio thread

void Runner::adopt(Schedule* next) noexcept {
    next->adopt();
    keep_waiting(*next);
    conductor_.set_bar(next->plan().bar_beats);
    if (!adopted_.load(std::memory_order_relaxed)) adopted_.store(frame_ + 1, std::memory_order_release);
    retired_.retire(current_);
    current_ = next;
    live_.store(current_, std::memory_order_release);
}

void Runner::keep_waiting(const Schedule& next) noexcept {
    const auto& nodes = next.plan().nodes;
    control_.keep_waiting([&](const Node& node) noexcept {
        return &node == &conductor_ || &node == &setlist_controls_ ||
               std::any_of(nodes.begin(), nodes.end(), [&](const auto& other) { return other.get() == &node; });
    });
}

void Runner::begin(Change* change) noexcept {
    change->leaving->adopt();
    changeover_.begin(change, transport_);
    keep_waiting(*change->arriving);
    change->replaced.reset(current_);  // held nothing before
    current_ = change->arriving.release();
    conductor_.set_bar(change->bar_beats);
    if (change->begins) conductor_.begin(change->tempo);
    if (!adopted_.load(std::memory_order_relaxed)) adopted_.store(frame_ + 1, std::memory_order_release);
    arrival_.store({change->number, frame_, change->begins ? 0 : transport_.at(block_frames)});
    live_.store(current_, std::memory_order_release);
}

void Runner::block() noexcept {
    // What was posted to a node that is new waits until its schedule is here; what was posted to one that goes is
    // applied a block later at the most, while the transition still plays it.
    const auto waiting = control_.waiting();
    Schedule* next = retired_.room() ? mail_.take() : nullptr;
    Change* change = changeover_.room() ? changes_mail_.take() : nullptr;
    control_.apply(frame_, waiting);
    if (change)
        begin(change);
    else if (next)
        adopt(next);
    else if (current_->finished() && retired_.room())
        if (Schedule* after = current_->take_next()) adopt(after);
    transport_ = conductor_.advance();
    Transport::hear(setlist_controls_);
    control_.fire_due(frame_, transport_);
    current_->process(frame_, transport_, in_, out_);
    changeover_.process(frame_, in_, out_);
    frame_ += block_frames;
    frame_shown_.store(frame_, std::memory_order_release);
    beat_shown_.store(transport_.at(block_frames), std::memory_order_relaxed);
    if (auto* tape = tape_.load(std::memory_order_acquire)) tape->take(out_);
    if (auto* tape = heard_.load(std::memory_order_acquire)) tape->take(out_);
    if (auto* tape = given_.load(std::memory_order_acquire)) tape->take(in_);

    float peak = peak_.load(std::memory_order_relaxed);
    for (int c = 0; c < out_.channels; ++c)
        for (int i = 0; i < block_frames; ++i)
            peak = std::max(peak, std::abs(out_.data[static_cast<std::size_t>(c)][i]));
    peak_.store(peak, std::memory_order_relaxed);

    if (fading_.load(std::memory_order_acquire)) {
        const double step = 1 / (last_fade_seconds * setup_.rate);
        for (int i = 0; i < block_frames; ++i) {
            fade_ = std::max(0.0, fade_ - step);
            const auto gain = static_cast<float>(fade_ * fade_ * (3 - 2 * fade_));
            for (int c = 0; c < out_.channels; ++c) out_.data[static_cast<std::size_t>(c)][i] *= gain;
        }
        if (fade_ == 0) silent_.store(true, std::memory_order_release);
    }
}

void Runner::play(const float* const* in, int in_channels, float* const* out, int out_channels, int frames) noexcept {
    const NoDenormals no_denormals;
    const auto began = std::chrono::steady_clock::now();
    const double worked = worked_seconds();
    current_->forget_times();
    CallbackTime moment{std::chrono::duration<double>(began.time_since_epoch()).count(), frame_, transport_};
    moment.frame -= static_cast<std::uint64_t>(out_left_);
    moment.time.beat = transport_.at(block_frames - out_left_);
    moment_.store(moment);
    for (int done = 0; done < frames;) {
        if (out_left_ == 0) {
            // What the device gave during the block before: so input is one block late for every device block size.
            for (int c = 0; c < in_.channels; ++c)
                std::copy_n(next_in_.data[static_cast<std::size_t>(c)], block_frames,
                            in_.data[static_cast<std::size_t>(c)]);
            block();
            out_left_ = block_frames;
        }
        const int at = block_frames - out_left_;
        const int n = std::min(out_left_, frames - done);
        for (int c = 0; c < next_in_.channels; ++c) {
            float* into = next_in_.data[static_cast<std::size_t>(c)] + at;
            if (in && c < in_channels && in[c])
                std::copy_n(in[c] + done, n, into);
            else
                std::fill_n(into, n, 0.0f);
        }
        for (int c = 0; c < out_channels; ++c) {
            if (c < out_.channels)
                std::copy_n(out_.data[static_cast<std::size_t>(c)] + at, n, out[c] + done);
            else
                std::fill_n(out[c] + done, n, 0.0f);
        }
        out_left_ -= n;
        done += n;
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    const double share = seconds * setup_.rate / frames;
    load_.store(0.95 * load_.load(std::memory_order_relaxed) + 0.05 * share, std::memory_order_relaxed);
    if (share > 1) note_late(seconds, worked_seconds() - worked, frames / setup_.rate);
}

void Runner::note_late(double took, double worked, double allowed) noexcept {
    late_.fetch_add(1, std::memory_order_relaxed);
    if (changeover_.busy()) late_changing_.fetch_add(1, std::memory_order_relaxed);
    LateBlocks late{frame_, took, worked, allowed, {}};
    const auto& times = current_->times();
    std::uint64_t sum = 0;
    for (const auto time : times) sum += time;
    for (std::size_t i = 0; i < times.size(); ++i) {
        LateBlocks::Heavy mine{current_->plan().nodes[i].get(),
                               static_cast<double>(times[i]) / static_cast<double>(sum)};
        for (auto& other : late.nodes)
            if (!other.node || other.share < mine.share) std::swap(other, mine);
    }
    late_blocks_.push(late);
}

}  // namespace legume

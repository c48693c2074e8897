// What the control thread does with a runner: edits, changes of patch, and whatever comes back from them.
// SPDX-License-Identifier: MIT
#include "host/engine/runner.h"

#include <algorithm>

#include "graph/base/denormals.h"
#include "graph/base/math.h"

namespace legume {
namespace {

constexpr auto of_another = ~std::uint64_t{0};  // in place of a number: an edit of nothing that plays

Signal lay_out(std::vector<float>& arena, int channels) {
    channels = std::clamp(channels, 0, max_channels);
    arena.assign(static_cast<std::size_t>(channels) * block_frames, 0.0f);
    Signal signal;
    signal.channels = channels;
    for (int c = 0; c < channels; ++c) signal.data[static_cast<std::size_t>(c)] = arena.data() + c * block_frames;
    return signal;
}

void run_until_idle(const std::vector<Work*>& works) {
    const NoDenormals no_denormals;
    for (bool worked = true; worked;) {
        worked = false;
        for (auto* work : works) worked = work->run() || worked;
    }
}

std::vector<Job> jobs_of(const Plan& plan) {
    std::vector<Job> jobs;
    for (const auto& node : plan.nodes)
        for (auto* work : node->works()) jobs.push_back({node, work});
    return jobs;
}

}  // namespace

Runner::Runner(const RunnerSetup& setup)
    : setup_(setup),
      store_(setup.store ? setup.store : std::make_shared<Store>()),
      transport_(setup.rate),
      seed_(setup.seed),
      changeover_(setup.rate, setup.outputs, retired_),
      in_(lay_out(in_arena_, setup.inputs)),
      out_(lay_out(out_arena_, setup.outputs)),
      next_in_(lay_out(next_in_arena_, setup.inputs)),
      beat_shown_(setup.beat) {
    transport_.begin_at(setup.beat);
}

Runner::~Runner() {
    generate_.reset();
    io_.reset();
    delete current_;
    delete editing_;
}

bool Runner::settled() {
    tick();
    return live_.load(std::memory_order_acquire) == last_;
}

CompileContext Runner::context(const Patch& patch, std::uint64_t seed) const {
    return {setup_.rate, seed, *store_, setup_.tell, setup_.live, states_of(patch)};
}

std::filesystem::path Runner::states_of(const Patch& patch) const {
    const auto beside = std::filesystem::path(patch.file).replace_extension(".states");
    return setup_.states.empty() ? beside : setup_.states / beside.filename();
}

Playing Runner::playing() const { return {last_ ? last_->plan() : Plan{}, patch_, seed_, posted_}; }

Prepared Runner::prepare(Checked checked, std::uint64_t seed) const {
    return prepare(std::move(checked), Playing{{}, {}, seed, of_another});
}

Prepared Runner::prepare(Checked checked, const Playing& playing) const {
    Prepared made;
    made.patch = checked.patch;
    made.seed = playing.seed;
    made.number = playing.number;
    const auto with = context(made.patch, playing.seed);
    const bool edit = playing.number != 0 && playing.number != of_another;
    auto compiled =
        edit ? compile(std::move(checked), with, &playing.plan, &playing.patch) : compile(std::move(checked), with);
    made.problems = std::move(compiled.problems);
    made.schedule = std::move(compiled.schedule);
    made.last = compiled.last;
    made.edits = std::move(compiled.edits);
    if (!made.schedule) return made;
    const auto& plan = made.last->plan();
    if (playing.number == 0 && setup_.resume)
        for (std::size_t i = 0; i < plan.nodes.size(); ++i) setup_.resume(plan.ids[i], *plan.nodes[i]);
    // The head start, so that a generator's ring is full when it is first read.
    std::vector<Work*> fresh;
    for (const auto& node : plan.nodes)
        if (std::find(playing.plan.nodes.begin(), playing.plan.nodes.end(), node) == playing.plan.nodes.end())
            fresh.insert(fresh.end(), node->works().begin(), node->works().end());
    run_until_idle(fresh);
    return made;
}

Problems Runner::edit(Checked checked) {
    auto prepared = prepare(std::move(checked), playing());
    if (!prepared.schedule) return std::move(prepared.problems);
    edit(std::move(prepared));
    return {};
}

bool Runner::edit(Prepared edit) {
    if (edit.number != posted_) return false;
    const auto tempo = static_cast<float>(edit.patch.tempo.value_or(static_cast<double>(tempo_range.initial)));
    if (!last_)
        transport_.tempo.set_initial(tempo);
    else if (edit.patch.tempo != patch_.tempo && !setup_.replay)
        control_.post(transport_.tempo, "transport/tempo", tempo, "patch");
    const auto edits = std::move(edit.edits);
    if (last_) edit.schedule->follow(*last_);
    post(std::make_unique<Change>(), std::move(edit));
    if (setup_.replay) return true;
    for (const auto& one : edits) control_.post(*one.param, one.name, one.value, "patch");
    return true;
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
    control_.forget_sources();  // whatever is said from now on is said of the new one
    seed_ = next.seed;
    post(std::move(change), std::move(next));
}

void Runner::post(std::unique_ptr<Change> change, Prepared next) {
    if (last_) {
        Before before{change.get(), std::move(jobs_now_), {}};
        const auto& plan = last_->plan();
        for (std::size_t i = 0; i < plan.nodes.size(); ++i) before.nodes.emplace_back(plan.nodes[i].get(), plan.ids[i]);
        before_.push_back(std::move(before));
    }
    jobs_now_ = jobs_of(next.last->plan());
    set_jobs();
    patch_ = std::move(next.patch);
    last_ = next.last;
    ++posted_;
    if (!current_) {  // nothing has played yet
        current_ = next.schedule.release();
        transport_.set_bar(current_->plan().bar_beats);
        live_.store(current_, std::memory_order_release);
        return;
    }
    adopted_.store(0, std::memory_order_relaxed);
    edited_ = true;
    change->arriving = std::move(next.schedule);
    mail_.post(std::move(change));
}

// Each once, of all that sounds.
std::vector<Job> Runner::jobs() const {
    auto all = jobs_now_;
    for (const auto& before : before_)
        for (const auto& job : before.jobs)
            if (std::none_of(all.begin(), all.end(), [&](const Job& other) { return other.work == job.work; }))
                all.push_back(job);
    return all;
}

void Runner::set_jobs() {
    if (!generate_) return;
    std::vector<Job> generate, io;
    for (auto& job : jobs()) (job.work->pool == Work::Pool::generate ? generate : io).push_back(std::move(job));
    generate_->set(std::move(generate));
    io_->set(std::move(io));
}

void Runner::start_pools() {
    generate_ = std::make_unique<Pool>(generate_threads(), true);
    io_ = std::make_unique<Pool>(1, false);
    set_jobs();
}

void Runner::tick() {
    // Every stamp that names a node of a retired schedule was pushed before that came back; so read them, then free.
    const auto garbage = retired_.collect();
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
        const auto* node = &stamp.target->owner;
        const auto& plan = last_->plan();
        const auto at =
            std::find_if(plan.nodes.begin(), plan.nodes.end(), [&](const auto& n) { return n.get() == node; });
        if (node == &transport_)
            tell(Transport::id, false);
        else if (node == &setlist_controls_)
            tell(SetlistControls::id, false);
        else if (at != plan.nodes.end())
            tell(plan.ids[static_cast<std::size_t>(at - plan.nodes.begin())], false);
        else if (const auto* before = name_before(node))
            tell(*before, adopted && stamp.frame >= adopted - 1);
    }
    LateBlocks late;
    while (late_blocks_.pop(late)) tell_late(late);
    if (garbage.empty()) return;
    const auto is_over = [&](const Before& before) {
        return std::any_of(garbage.begin(), garbage.end(),
                           [&](const auto& change) { return change.get() == before.until; });
    };
    const auto over_from =
        std::stable_partition(before_.begin(), before_.end(), [&](const auto& b) { return !is_over(b); });
    const std::vector<Before> last_hold(std::make_move_iterator(over_from), std::make_move_iterator(before_.end()));
    before_.erase(over_from, before_.end());
    set_jobs();  // nobody works for a node that is freed now
}

const std::string* Runner::name_before(const Declaration* node) const {
    for (auto before = before_.rbegin(); before != before_.rend(); ++before)
        for (const auto& [other, name] : before->nodes)
            if (other == node) return &name;
    return nullptr;
}

float Runner::covering() const {
    float most = 0;
    for (const auto& node : last_->plan().nodes)
        for (const auto* meter : node->meters())
            if (meter->name == "covering") most = std::max(most, meter->value());
    return most;
}

Node* Runner::find_leaving(std::string_view id) const {
    for (auto before = before_.rbegin(); before != before_.rend(); ++before)
        for (const auto& [node, name] : before->nodes)
            if (name == id) return node;
    return nullptr;
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

void Runner::render_block(const float* const* in, float* const* out) {
    play(in, setup_.inputs, out, setup_.outputs, block_frames);
    std::vector<Work*> works;
    for (const auto& job : jobs()) works.push_back(job.work);
    run_until_idle(works);
}

}  // namespace legume

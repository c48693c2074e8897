// Lays a plan out as steps over one arena, and plays it block by block.
// SPDX-License-Identifier: MIT
#include "graph/schedule.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "graph/base/math.h"
#include "graph/base/ticks.h"

namespace legume {

// One wire as the audio thread sees it.
struct Source {
    const Signal* signal = nullptr;
    float depth = 1;
    Fade fade = Fade::none;
};

struct Schedule::Mix {
    int in = 0;  // into this In of the step; its Signal's channels are scratch buffers of its own
    std::vector<Source> sources;
};
struct Schedule::Shift {
    Param* param = nullptr;
    std::vector<Source> sources;
};
struct Schedule::Edge {
    Trigger* trigger = nullptr;
    std::vector<Source> sources;
};
struct Schedule::Step {
    Node* node = nullptr;
    std::size_t index = 0;  // in the plan
    std::vector<Signal> ins, outs;
    std::vector<Mix> mixes;
    std::vector<Shift> shifts;  // one for each param, wired or not
    std::vector<Edge> edges;    // one for each trigger
    std::atomic<std::uint64_t> poisoned{0};
    std::uint64_t told = 0;

    Step() = default;
    Step(Step&& other) noexcept
        : node(other.node),
          index(other.index),
          ins(std::move(other.ins)),
          outs(std::move(other.outs)),
          mixes(std::move(other.mixes)),
          shifts(std::move(other.shifts)),
          edges(std::move(other.edges)) {}
};
// What a late In hears: its source's last block, kept over the block's end.
struct Schedule::Late {
    const Out* out = nullptr;
    const Signal* from = nullptr;
    Signal kept;
    const Signal* heir_of = nullptr;  // what the predecessor keeps for the same Out
};

namespace {

void copy(const Signal& from, const Signal& to) noexcept {
    for (std::size_t c = 0; c < static_cast<std::size_t>(std::min(from.channels, to.channels)); ++c)
        std::copy_n(from.data[c], block_frames, to.data[c]);
}

}  // namespace

Schedule::Schedule(Plan plan, double rate, std::uint64_t length_blocks)
    : plan_(std::move(plan)), rate_(rate), length_(length_blocks), times_(plan_.nodes.size()) {
    const auto found = order(plan_.nodes.size(), plan_.links);
    assert(found.loops.empty());
    const auto count = plan_.nodes.size();
    std::vector<std::size_t> step_of(count);
    steps_.resize(count);
    for (std::size_t s = 0; s < count; ++s) {
        step_of[found.steps[s]] = s;
        steps_[s].index = found.steps[s];
        steps_[s].node = plan_.nodes[found.steps[s]].get();
    }
    const auto is_late = [](const Link& link) {
        return link.to->kind == Member::Kind::in && static_cast<const In*>(link.to)->shape.feedback;
    };

    // The last step at which each Out is read. What a late In keeps is copied after the last step.
    std::vector<std::vector<std::size_t>> last_read(count);
    for (std::size_t s = 0; s < count; ++s) last_read[s].assign(steps_[s].node->outs().size(), s);
    for (const auto& link : plan_.links) {
        auto& last = last_read[step_of[link.from_node]][static_cast<std::size_t>(link.from->index)];
        last = std::max(last, is_late(link) ? count : step_of[link.to_node]);
    }

    // Buffers are numbered first and become pointers once the arena's size is known. Buffer 0 stays silent.
    std::size_t used = 1;
    std::vector<std::size_t> free;
    const auto allocate = [&] {
        if (free.empty()) return used++;
        const auto buffer = free.back();
        free.pop_back();
        return buffer;
    };
    using Buffers = std::vector<std::size_t>;  // by channel
    std::vector<std::vector<Buffers>> out_buffers(count), in_buffers(count);
    std::vector<Buffers> late_buffers;
    std::vector<std::size_t> late_of(plan_.links.size(), 0);
    for (std::size_t l = 0; l < plan_.links.size(); ++l) {
        if (!is_late(plan_.links[l])) continue;
        const auto& link = plan_.links[l];
        late_of[l] = late_buffers.size();
        Buffers kept;  // never shared: it lives from block to block
        for (int c = 0; c < plan_.out_channels[link.from_node][static_cast<std::size_t>(link.from->index)]; ++c)
            kept.push_back(used++);
        late_buffers.push_back(kept);
    }
    std::vector<std::vector<std::size_t>> dies(count + 1);
    for (std::size_t s = 0; s < count; ++s) {
        const auto n = steps_[s].index;
        for (std::size_t o = 0; o < last_read[s].size(); ++o) {
            Buffers buffers;
            for (int c = 0; c < plan_.out_channels[n][o]; ++c) buffers.push_back(allocate());
            for (const auto buffer : buffers) dies[last_read[s][o]].push_back(buffer);
            out_buffers[s].push_back(buffers);
        }
        Buffers scratch;
        for (const auto* in : steps_[s].node->ins()) {
            int wires = 0;
            bool plain = true;
            for (std::size_t l = 0; l < plan_.links.size(); ++l)
                if (plan_.links[l].to == in && plan_.links[l].to_node == n) {
                    ++wires;
                    plain = plain && plan_.fades[l] == Fade::none;
                }
            Buffers buffers;  // empty: the one plain wire's own buffers are read in place
            if (wires > 1 || !plain)
                for (int c = 0; c < plan_.in_channels[n][static_cast<std::size_t>(in->index)]; ++c)
                    buffers.push_back(allocate());
            scratch.insert(scratch.end(), buffers.begin(), buffers.end());
            in_buffers[s].push_back(buffers);
        }
        free.insert(free.end(), scratch.begin(), scratch.end());
        free.insert(free.end(), dies[s].begin(), dies[s].end());
    }

    arena_.assign(used * block_frames, 0.0f);
    const auto signal_of = [&](const Buffers& buffers) {
        Signal signal;
        signal.channels = static_cast<int>(buffers.size());
        for (std::size_t c = 0; c < buffers.size(); ++c) signal.data[c] = arena_.data() + buffers[c] * block_frames;
        return signal;
    };
    for (std::size_t s = 0; s < count; ++s)
        for (const auto& buffers : out_buffers[s]) steps_[s].outs.push_back(signal_of(buffers));
    for (std::size_t l = 0; l < plan_.links.size(); ++l)
        if (is_late(plan_.links[l])) {
            const auto& link = plan_.links[l];
            const auto from = step_of[link.from_node];
            lates_.push_back({link.from, &steps_[from].outs[static_cast<std::size_t>(link.from->index)],
                              signal_of(late_buffers[late_of[l]]), nullptr});
        }
    const auto source_of = [&](std::size_t l) {
        const auto& link = plan_.links[l];
        const Signal* signal = is_late(link)
                                   ? &lates_[late_of[l]].kept
                                   : &steps_[step_of[link.from_node]].outs[static_cast<std::size_t>(link.from->index)];
        return Source{signal, link.depth, plan_.fades[l]};
    };
    for (std::size_t s = 0; s < count; ++s) {
        auto& step = steps_[s];
        const auto sources_of = [&](const Member* member) {
            std::vector<Source> sources;
            for (std::size_t l = 0; l < plan_.links.size(); ++l)
                if (plan_.links[l].to == member) sources.push_back(source_of(l));
            return sources;
        };
        for (const auto* in : step.node->ins()) {
            const auto sources = sources_of(in);
            const auto& buffers = in_buffers[s][static_cast<std::size_t>(in->index)];
            if (buffers.empty()) {
                step.ins.push_back(sources.empty() ? Signal{} : *sources.front().signal);
            } else {
                step.ins.push_back(signal_of(buffers));
                step.mixes.push_back({in->index, sources});
            }
        }
        for (auto* param : step.node->params()) step.shifts.push_back({param, sources_of(param)});
        for (auto* trigger : step.node->triggers()) step.edges.push_back({trigger, sources_of(trigger)});
    }

    // Latency adds up along the wires; late wires close loops and do not count.
    std::vector<int> latency(count, 0);
    for (std::size_t s = 0; s < count; ++s) {
        int before = 0;
        for (const auto& link : plan_.links)
            if (step_of[link.to_node] == s && !is_late(link))
                before = std::max(before, latency[step_of[link.from_node]]);
        latency[s] = before + steps_[s].node->latency_frames();
        if (steps_[s].node->outs().empty()) latency_frames_ = std::max(latency_frames_, latency[s]);
    }
}

Schedule::~Schedule() = default;

Node* Schedule::find(std::string_view id) const {
    for (std::size_t i = 0; i < plan_.ids.size(); ++i)
        if (plan_.ids[i] == id) return plan_.nodes[i].get();
    return nullptr;
}

std::vector<Work*> Schedule::works() const {
    std::vector<Work*> all;
    for (const auto& node : plan_.nodes) all.insert(all.end(), node->works().begin(), node->works().end());
    return all;
}

std::vector<Poisoned> Schedule::poisoned() {
    std::vector<Poisoned> all;
    for (auto& step : steps_) {
        const auto now = step.poisoned.load(std::memory_order_relaxed);
        if (now != step.told) all.push_back({plan_.ids[step.index], now - step.told});
        step.told = now;
    }
    return all;
}

void Schedule::follow(const Schedule& predecessor) {
    for (auto& late : lates_)
        for (const auto& old : predecessor.lates_)
            if (old.out == late.out) late.heir_of = &old.kept;
}

void Schedule::adopt() noexcept {
    for (const auto& late : lates_)
        if (late.heir_of) copy(*late.heir_of, late.kept);
}

// A raised cosine over the whole transition, so that what comes and what goes always add up to one; or in power.
float Schedule::fade(Fade way, int frame) const noexcept {
    const double share =
        (static_cast<double>(done_) * block_frames + frame + 1) / (static_cast<double>(length_) * block_frames);
    if (way == Fade::leave) return share < 1 ? static_cast<float>(math::cos(0.5 * math::pi * share)) : 0.0f;
    const double in = 0.5 - 0.5 * math::cos(math::pi * (share < 1 ? share : 1));
    return static_cast<float>(way == Fade::in ? in : 1 - in);
}

namespace {

// Adds channel c of a source (mono feeds every channel) to `into`.
const float* channel_of(const Signal& s, int c) noexcept {
    return s.channels == 1 ? s.data[0] : c < s.channels ? s.data[static_cast<std::size_t>(c)] : nullptr;
}

// Whether any value is infinite or not a number: x * 0 is then NaN, which no sum loses.
bool non_finite(const float* x) noexcept {
    float sum = 0;
    for (int i = 0; i < block_frames; ++i) sum += x[i] * 0.0f;
    return sum != 0.0f;
}

}  // namespace

void Schedule::process(std::uint64_t frame, const TransportTime& transport, const Signal& in,
                       const Signal& out) noexcept {
    for (int c = 0; c < out.channels; ++c) std::fill_n(out.data[static_cast<std::size_t>(c)], block_frames, 0.0f);
    std::array<float, block_frames> coming, going, leaving;
    if (length_)
        for (int i = 0; i < block_frames; ++i) {
            coming[static_cast<std::size_t>(i)] = fade(Fade::in, i);
            going[static_cast<std::size_t>(i)] = fade(Fade::out, i);
            leaving[static_cast<std::size_t>(i)] = fade(Fade::leave, i);
        }
    const auto gain = [&](Fade way, int i) noexcept {
        return way == Fade::none  ? 1.0f
               : way == Fade::in  ? coming[static_cast<std::size_t>(i)]
               : way == Fade::out ? going[static_cast<std::size_t>(i)]
                                  : leaving[static_cast<std::size_t>(i)];
    };

    Block block;
    block.frame_ = frame;
    block.rate_ = rate_;
    block.transport_ = transport;
    block.device_in_ = &in;
    block.device_out_ = &out;
    block.silence_ = arena_.data();
    auto began = ticks();
    for (auto& step : steps_) {
        for (const auto& m : step.mixes) {
            const Signal& sum = step.ins[static_cast<std::size_t>(m.in)];
            for (int c = 0; c < sum.channels; ++c) {
                float* into = sum.data[static_cast<std::size_t>(c)];
                std::fill_n(into, block_frames, 0.0f);
                for (const auto& source : m.sources) {
                    const float* from = channel_of(*source.signal, c);
                    if (!from) continue;
                    if (source.fade == Fade::none)
                        for (int i = 0; i < block_frames; ++i) into[i] += from[i];
                    else
                        for (int i = 0; i < block_frames; ++i) into[i] += from[i] * gain(source.fade, i);
                }
            }
        }
        for (const auto& shift : step.shifts) {
            // A param is read once a block: the signal's last frame, where the param's own ramp ends too.
            std::array<float, max_channels> sums{};
            int lanes = 0;
            for (const auto& source : shift.sources) lanes = std::max(lanes, source.signal->channels);
            for (int c = 0; c < lanes; ++c)
                for (const auto& source : shift.sources)
                    if (const float* from = channel_of(*source.signal, c))
                        sums[static_cast<std::size_t>(c)] +=
                            source.depth * from[block_frames - 1] * gain(source.fade, block_frames - 1);
            shift.param->advance(sums.data(), lanes);
        }
        for (const auto& edge : step.edges) {
            if (edge.sources.empty()) continue;
            float last = edge.trigger->last_;
            for (int i = 0; i < block_frames; ++i) {
                float now = 0;
                for (const auto& source : edge.sources) now += source.signal->data[0][i] * gain(source.fade, i);
                if (last < 0.5f && now >= 0.5f) edge.trigger->edges_ |= std::uint64_t{1} << i;
                last = now;
            }
            edge.trigger->last_ = last;
        }

        block.ins_ = step.ins.data();
        block.outs_ = step.outs.data();
        step.node->process(block);

        std::uint64_t stopped = 0;
        for (const auto& signal : step.outs)
            for (int c = 0; c < signal.channels; ++c) {
                float* x = signal.data[static_cast<std::size_t>(c)];
                if (!non_finite(x)) continue;
                for (int i = 0; i < block_frames; ++i)
                    if (x[i] - x[i] != 0.0f) {
                        x[i] = 0;
                        ++stopped;
                    }
            }
        if (stopped) {
            step.poisoned.fetch_add(stopped, std::memory_order_relaxed);
            step.node->reset();
        }
        step.node->forget_events();
        const auto ended = ticks();
        times_[step.index] += ended - began;
        began = ended;
    }
    for (const auto& late : lates_) copy(*late.from, late.kept);
    ++done_;
}

}  // namespace legume

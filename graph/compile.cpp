// Shares what stays, prepares what is new, and builds the schedules that lead from one patch to the next.
// SPDX-License-Identifier: MIT
#include "graph/compile.h"

#include <algorithm>

#include "graph/abilities.h"
#include "graph/base/hash.h"
#include "graph/base/math.h"

namespace legume {

std::uint64_t hash_seed(std::uint64_t seed, std::string_view id, std::uint64_t own) {
    Fnv sum;
    sum.number(seed);
    sum.text(id);
    sum.number(own);
    auto h = sum.value;
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
    return h ^ (h >> 31);
}

struct Compiler {
    Checked& now;
    const CompileContext& context;
    const Plan* previous;
    const Patch* previous_patch;
    Compiled result;
    Plan plan;
    std::vector<bool> shared;

    // Options must be the same text from the same folder, what follows from them must be declared as before, and the
    // ports must carry as many channels.
    bool same(std::size_t i, std::size_t old) const {
        const auto& was = *previous;
        const auto& text = now.patch.nodes[i];
        const auto* old_text = previous_patch->find(text.id);
        if (!old_text || old_text->type != text.type || old_text->declared != text.declared) return false;
        for (const auto* option : now.nodes[i]->options()) {
            const auto* a = text.find(option->name);
            const auto* b = old_text->find(option->name);
            if (!a != !b) return false;
            if (a && (!(a->value == b->value) || (option->holds_files() && a->place.file != b->place.file)))
                return false;
        }
        if (was.out_channels[old] != now.out_channels[i]) return false;
        for (std::size_t p = 0; p < now.in_channels[i].size(); ++p)  // nothing wired yet is as good as mono
            if (std::max(was.in_channels[old][p], 1) != std::max(now.in_channels[i][p], 1)) return false;
        return true;
    }

    void share() {
        shared.assign(now.nodes.size(), false);
        if (!previous || !previous_patch || previous->seed != context.seed) return;
        const auto& was = *previous;
        for (std::size_t i = 0; i < now.nodes.size(); ++i) {
            const auto& id = now.patch.nodes[i].id;
            const auto found = std::find(was.ids.begin(), was.ids.end(), id);
            if (found == was.ids.end()) continue;
            const auto old = static_cast<std::size_t>(found - was.ids.begin());
            if (!same(i, old)) continue;
            shared[i] = true;
            const auto fresh = now.nodes[i];
            now.nodes[i] = was.nodes[old];
            for (auto& link : now.links) {  // the same members, of the instance that stays
                if (link.from_node == i) link.from = static_cast<Out*>(now.nodes[i]->find(link.from->name));
                if (link.to_node == i) link.to = now.nodes[i]->find(link.to->name);
            }
            const auto& text = now.patch.nodes[i];
            const auto* old_text = previous_patch->find(id);
            for (const auto* param : fresh->params()) {
                const auto* a = text.find(param->name);
                const auto* b = old_text->find(param->name);
                if (!a != !b || (a && !(a->value == b->value)))
                    result.edits.push_back(
                        {static_cast<Param*>(now.nodes[i]->find(param->name)), id + "/" + param->name, param->own()});
            }
        }
    }

    void prepare() {
        for (std::size_t i = 0; i < now.nodes.size(); ++i) {
            if (shared[i]) continue;
            const auto& text = now.patch.nodes[i];
            Prepare p(context.rate, hash_seed(context.seed, text.id), context.store,
                      [tell = context.tell, id = text.id](const std::string& line) {
                          if (tell) tell(id, line);
                      });
            p.live = context.live;
            if (!context.states.empty()) p.states = context.states / text.id;  // so that names never meet
            p.in_channels_ = &now.in_channels[i];
            p.out_channels_ = &now.out_channels[i];
            now.nodes[i]->set_rate(context.rate);
            try {
                now.nodes[i]->prepare(p);
            } catch (const PrepareError& refusal) {
                const auto* setting = text.find(refusal.member);
                result.problems.push_back({setting ? setting->value.place : text.place, refusal.what()});
            }
        }
    }

    std::uint64_t transition_blocks() const {
        return std::max<std::uint64_t>(
            1, static_cast<std::uint64_t>(math::round_even(transition_seconds * context.rate / block_frames)));
    }

    static bool contains(const std::vector<Link>& links, const Link& link) {
        return std::any_of(links.begin(), links.end(), [&](const Link& other) {
            return other.from == link.from && other.to == link.to && other.depth == link.depth;
        });
    }

    std::unique_ptr<Schedule> faded(Plan from, Fade way, const std::vector<Link>& stays) const {
        for (std::size_t l = 0; l < from.links.size(); ++l)
            from.fades[l] = contains(stays, from.links[l]) ? Fade::none : way;
        return std::make_unique<Schedule>(std::move(from), context.rate, transition_blocks());
    }

    // Both graphs at once, a gain on each wire that comes or goes. Where the two together would make a loop, first the
    // old wires fade out and then the new ones in: each graph by itself has none.
    std::unique_ptr<Schedule> transition() const {
        const auto& was = *previous;
        Plan both = plan;
        for (std::size_t l = 0; l < both.links.size(); ++l)
            if (!contains(was.links, both.links[l])) both.fades[l] = Fade::in;
        std::vector<std::size_t> index(was.nodes.size());
        for (std::size_t i = 0; i < was.nodes.size(); ++i) {
            const auto found = std::find(plan.nodes.begin(), plan.nodes.end(), was.nodes[i]);
            index[i] = static_cast<std::size_t>(found - plan.nodes.begin());
            if (found != plan.nodes.end()) {
                auto& ins = both.in_channels[index[i]];  // a wire that goes may be the last on its In
                for (std::size_t p = 0; p < ins.size(); ++p) ins[p] = std::max(ins[p], was.in_channels[i][p]);
                continue;
            }
            index[i] = both.nodes.size();
            both.nodes.push_back(was.nodes[i]);
            both.ids.push_back(was.ids[i]);
            both.in_channels.push_back(was.in_channels[i]);
            both.out_channels.push_back(was.out_channels[i]);
        }
        for (auto link : was.links) {
            if (contains(plan.links, link)) continue;
            link.from_node = index[link.from_node];
            link.to_node = index[link.to_node];
            both.links.push_back(link);
            both.fades.push_back(Fade::out);
        }
        if (order(both.nodes.size(), both.links).loops.empty())
            return std::make_unique<Schedule>(std::move(both), context.rate, transition_blocks());
        auto going = faded(was, Fade::out, plan.links);
        going->then(faded(plan, Fade::in, was.links));
        return going;
    }

    Compiled run() {
        result.problems = now.problems;
        if (!result.problems.empty()) return std::move(result);
        share();
        prepare();
        if (!result.problems.empty()) return std::move(result);
        plan.nodes = now.nodes;
        for (const auto& node : now.patch.nodes) plan.ids.push_back(node.id);
        plan.seed = context.seed;
        plan.bar_beats = now.patch.bar_beats.value_or(4);
        plan.links = now.links;
        plan.fades.assign(plan.links.size(), Fade::none);
        plan.in_channels = now.in_channels;
        plan.out_channels = now.out_channels;
        auto last = std::make_unique<Schedule>(plan, context.rate, 0);
        result.last = last.get();
        if (!previous) {
            result.schedule = std::move(last);
            return std::move(result);
        }
        auto first = transition();
        auto* end = first.get();
        while (end->next()) end = end->next();
        end->then(std::move(last));
        result.schedule = std::move(first);
        return std::move(result);
    }
};

namespace {

bool has_tail(const Node& node) { return as<HasTail>(node) != nullptr; }

}  // namespace

bool has_tail(const Plan& plan) {
    return std::any_of(plan.nodes.begin(), plan.nodes.end(), [](const auto& node) { return has_tail(*node); });
}

// The tail is what rings, and whatever lies behind it on the way to the outputs. Only where sound comes into the tail
// is it faded: a wire before that may be a pitch, which must not fall.
std::unique_ptr<Schedule> leave(const Schedule& playing, double seconds) {
    auto plan = playing.plan();
    const auto generates = [](const Node& node) {
        return std::any_of(node.works().begin(), node.works().end(),
                           [](const Work* work) { return work->pool == Work::Pool::generate; });
    };
    std::vector<bool> tail;
    for (const auto& node : plan.nodes) tail.push_back(has_tail(*node) || node->outs().empty());
    for (bool more = true; more;) {
        more = false;
        for (const auto& link : plan.links) {
            if (!tail[link.from_node] || tail[link.to_node] || link.to->kind != Member::Kind::in ||
                generates(*plan.nodes[link.to_node]))
                continue;
            tail[link.to_node] = more = true;
        }
    }
    for (std::size_t l = 0; l < plan.links.size(); ++l)
        if (plan.links[l].to->kind == Member::Kind::in && !tail[plan.links[l].from_node] && tail[plan.links[l].to_node])
            plan.fades[l] = Fade::leave;
    const double blocks = math::round_even(std::max(seconds, transition_seconds) * playing.rate() / block_frames);
    auto schedule = std::make_unique<Schedule>(std::move(plan), playing.rate(),
                                               std::max<std::uint64_t>(1, static_cast<std::uint64_t>(blocks)));
    schedule->follow(playing);
    return schedule;
}

Compiled compile(Checked checked, const CompileContext& context, const Plan* previous, const Patch* previous_patch) {
    return Compiler{checked, context, previous, previous_patch, {}, {}, {}}.run();
}

}  // namespace legume

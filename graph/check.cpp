// Finds everything that is wrong with a patch, and resolves its names and channel counts.
// SPDX-License-Identifier: MIT
#include "graph/check.h"

#include <algorithm>
#include <set>

#include "graph/abilities.h"
#include "graph/builtin_nodes.h"
#include "graph/reads.h"

namespace legume {
namespace {

// Stands in for a node whose members are unknown, because there is no such type or its file says them wrong, so that
// the rest of the patch is still looked at.
struct Unknown final : Node {
    void process(const Block&) noexcept override {}
};

std::vector<std::string> names_of(const Declaration& node, std::initializer_list<Member::Kind> kinds) {
    std::vector<std::string> names;
    for (const auto* member : node.members())
        if (std::find(kinds.begin(), kinds.end(), member->kind) != kinds.end()) names.push_back(member->name);
    return names;
}

bool unknown(const Declaration& node) { return as<Unknown>(node) != nullptr; }

Problem no_member(const std::string& type, const Endpoint& end, const std::string& what,
                  const std::vector<std::string>& names) {
    return {end.place,
            type + " has no " + what + " \"" + end.member + "\"; it has " + (names.empty() ? "none" : join(names))};
}

struct Checker {
    Checked& c;

    void problem(const Place& place, std::string message) { c.problems.push_back({place, std::move(message)}); }

    void make_nodes(NodeTypes types) {
        std::vector<std::string> type_names;
        for (const auto* type : types) type_names.emplace_back(type->name);
        for (auto& text : c.patch.nodes) {
            const auto* type = find_type(types, text.type);
            if (!type) {
                c.nodes.push_back(std::make_shared<Unknown>());
                if (text.type.empty()) continue;  // the loader has said so
                problem(text.type_place, "there is no node type \"" + text.type + "\"; " +
                                             instead_of(text.type, type_names, "there are none"));
                continue;
            }
            c.nodes.push_back(type->make());
            if (!configure(*c.nodes.back(), text)) c.nodes.back() = std::make_shared<Unknown>();
        }
    }

    // False when its options do not say which members it has.
    bool configure(Node& node, PatchNode& text) {
        const Checking checking(text, c.problems);
        const auto found_before = c.problems.size();
        node.configure_options(text, c.problems);
        if (auto* dynamic = as<DynamicMembers>(node)) {
            text.declared_by.clear();
            text.declared.clear();
            for (const auto* option : node.options())
                for (const auto& file : Reads::named(*option))
                    if (!file.empty()) text.declared_by.push_back(file.string());
            if (c.problems.size() > found_before) return false;
            const auto own = static_cast<std::ptrdiff_t>(node.members().size());
            dynamic->declare(checking);
            if (c.problems.size() > found_before) return false;
            std::for_each(node.members().begin() + own, node.members().end(),
                          [&](const Member* member) { text.declared += print(*member) + "\n"; });
        }
        node.configure_params(text, c.problems);
        node.check(checking);
        return true;
    }

    std::size_t find_node(const Endpoint& end) { return legume::find_node(c, end, c.problems); }

    void resolve(const Wire& wire) {
        for (const auto* end : {&wire.from, &wire.to})
            if (builtin_node(end->node))
                return problem(end->place,
                               "the " + end->node + " has no wires; bind a control to it, or move it by OSC");
        Link link;
        link.place = wire.place;
        link.depth = wire.depth.value_or(1.0f);
        link.from_node = find_node(wire.from);
        link.to_node = find_node(wire.to);
        const auto none = c.nodes.size();
        if (link.from_node != none && !unknown(*c.nodes[link.from_node])) {
            const auto& node = *c.nodes[link.from_node];
            if (wire.from.member.empty()) {
                if (node.outs().empty())
                    problem(wire.from.place, c.patch.nodes[link.from_node].type + " has no output to wire from");
                else
                    link.from = node.outs().front();
            } else if (auto* member = node.find(wire.from.member); member && member->kind == Member::Kind::out) {
                link.from = static_cast<Out*>(member);
            } else {
                c.problems.push_back(no_member(c.patch.nodes[link.from_node].type, wire.from, "output",
                                               names_of(node, {Member::Kind::out})));
            }
        }
        if (link.to_node != none && !unknown(*c.nodes[link.to_node])) {
            const auto& node = *c.nodes[link.to_node];
            if (wire.to.member.empty()) {
                if (node.ins().empty())
                    problem(wire.to.place, c.patch.nodes[link.to_node].type + " has no input to wire to");
                else
                    link.to = node.ins().front();
            } else {
                auto* member = node.find(wire.to.member);
                if (member && (member->kind == Member::Kind::in || member->kind == Member::Kind::param ||
                               member->kind == Member::Kind::trigger))
                    link.to = member;
                else if (member && member->kind == Member::Kind::out)
                    problem(wire.to.place, "\"" + wire.to.member + "\" is an output; wire from it");
                else if (member && member->kind == Member::Kind::option)
                    problem(wire.to.place, wire.to.member + " is a setting, not a signal; set it under nodes");
                else
                    c.problems.push_back(
                        no_member(c.patch.nodes[link.to_node].type, wire.to, "port",
                                  names_of(node, {Member::Kind::in, Member::Kind::param, Member::Kind::trigger})));
            }
        }
        if (!link.from || !link.to) return;
        if (wire.depth && link.to->kind != Member::Kind::param) {
            problem(wire.place, "depth is for wires into a param, and " + to_string(wire.to) +
                                    " is not one; put a gain node between");
            return;
        }
        for (const auto& other : c.links)
            if (other.from == link.from && other.to == link.to) {
                problem(wire.place, to_string(wire.from) + " is wired to " + to_string(wire.to) + " twice; remove one");
                return;
            }
        c.links.push_back(link);
    }

    void check_binding(const Binding& binding) {
        const auto* member =
            find_member(c, binding.to, {Member::Kind::param, Member::Kind::trigger, Member::Kind::notes},
                        "param or trigger", c.problems);
        if (!member) return;
        const bool notes = binding.midi && binding.midi->kind == MidiSource::Kind::notes;
        if (notes != (member->kind == Member::Kind::notes)) {
            problem(binding.to.place, notes ? to_string(binding.to) + " takes no notes; bind one note or a cc to it"
                                            : to_string(binding.to) + " takes notes; bind {midi: {notes: all}} to it");
            return;
        }
        if (member->kind != Member::Kind::param) {
            const auto no_param = " is for params, and " + to_string(binding.to) + " is none; remove it";
            if (binding.range) problem(binding.range->first.place, "range" + no_param);
            if (binding.curve) problem(binding.curve_place, "curve" + no_param);
            if (notes && binding.quantise.step > 0)
                problem(binding.quantise_place,
                        "quantise is for triggers, and " + to_string(binding.to) + " takes notes; remove it");
            for (const auto& [name, place] : binding.hands) problem(place, name + no_param);
            return;
        }
        if (binding.quantise.step > 0)
            problem(binding.quantise_place,
                    "quantise is for triggers, and " + to_string(binding.to) + " is a param; remove it");
        const auto& range = static_cast<const Param*>(member)->range;
        if (!binding.range) return check_curve(binding, range.min, range.max, range);
        std::vector<float> ends;
        for (const auto* end : {&binding.range->first, &binding.range->second}) {
            const auto quantity = parse_quantity(end->text, range.unit);
            if (!quantity.value)
                problem(end->place, "range: " + quantity.error);
            else if (*quantity.value < range.min || *quantity.value > range.max)
                problem(end->place, "range: " + range.print(*quantity.value) + " is outside " + range.limits());
            else
                ends.push_back(*quantity.value);
        }
        if (ends.size() == 2) check_curve(binding, ends[0], ends[1], range);
    }
    void check_curve(const Binding& binding, float first, float second, const Range& range) {
        if (binding.curve != Curve::log || (first > 0 && second > 0)) return;
        problem(binding.curve_place, "curve: log goes in ratios, and " + range.print(first) + " to " +
                                         range.print(second) + " are not both above 0; write linear or another range");
    }

    void check_order() {
        for (const auto& loop : order(c.nodes.size(), c.links).loops) {
            std::vector<std::string> ids;
            for (const auto node : loop) ids.push_back(c.patch.nodes[node].id);
            ids.push_back(ids.front());
            // The place of a wire on the loop is where the player will mend it.
            Place place;
            for (const auto& link : c.links)
                if (link.from_node == loop.front() && link.to_node == loop[1 % loop.size()]) {
                    place = link.place;
                    break;
                }
            problem(place, "these nodes feed each other in a loop: " + join(ids, " -> ") + "; put a delay into it");
        }
    }

    // Channel counts grow from what the nodes say for no input at all, until nothing changes (at most 16 rounds each).
    void count_channels() {
        for (const auto& node : c.nodes) {
            c.in_channels.emplace_back(node->ins().size(), 0);
            c.out_channels.emplace_back(node->outs().size(), 1);
            for (const auto* out : node->outs())
                c.out_channels.back()[static_cast<std::size_t>(out->index)] =
                    std::clamp(node->channels_of(*out, 0), 1, max_channels);
        }
        for (bool changed = true; changed;) {
            changed = false;
            const auto grow = [&](int& count, int to) {
                if (to > count) {
                    count = to;
                    changed = true;
                }
            };
            for (const auto& link : c.links)
                if (link.to->kind == Member::Kind::in)
                    grow(c.in_channels[link.to_node][static_cast<std::size_t>(static_cast<In*>(link.to)->index)],
                         c.out_channels[link.from_node][static_cast<std::size_t>(link.from->index)]);
            for (std::size_t n = 0; n < c.nodes.size(); ++n) {
                const auto& ins = c.in_channels[n];
                const int widest = ins.empty() ? 0 : *std::max_element(ins.begin(), ins.end());
                for (const auto* out : c.nodes[n]->outs())
                    grow(c.out_channels[n][static_cast<std::size_t>(out->index)],
                         std::min(c.nodes[n]->channels_of(*out, widest), max_channels));
            }
        }
        for (const auto& link : c.links) {
            if (link.to->kind != Member::Kind::in) continue;
            const int most = c.nodes[link.to_node]->channels_of(*static_cast<In*>(link.to));
            const int has = c.out_channels[link.from_node][static_cast<std::size_t>(link.from->index)];
            if (has > most)
                problem(link.place, c.patch.nodes[link.from_node].id + " has " + std::to_string(has) +
                                        " channels, and " + c.patch.nodes[link.to_node].id + "." + link.to->name +
                                        " takes " + std::to_string(most) +
                                        "; put a mix or pan between, or set its channels");
        }
    }
};

}  // namespace

std::size_t find_node(const Checked& checked, const Endpoint& end, Problems& problems) {
    const auto& nodes = checked.patch.nodes;
    std::size_t node = 0;
    while (node < nodes.size() && nodes[node].id != end.node) ++node;
    if (node < nodes.size()) return node;
    std::vector<std::string> ids;
    for (const auto& text : nodes) ids.push_back(text.id);
    problems.push_back(
        {end.place, "there is no node \"" + end.node + "\"; " + instead_of(end.node, ids, "the patch has none")});
    return node;
}

const Member* find_member(const Checked& checked, const Endpoint& end, std::initializer_list<Member::Kind> kinds,
                          const std::string& what, Problems& problems) {
    const auto* standing = builtin_node(end.node);
    const auto index = standing ? 0 : find_node(checked, end, problems);
    if (!standing && index == checked.nodes.size()) return nullptr;
    const Declaration& node = standing ? *standing : *checked.nodes[index];
    if (unknown(node)) return nullptr;
    const auto* member = node.find(end.member);
    if (member && std::find(kinds.begin(), kinds.end(), member->kind) != kinds.end()) return member;
    const auto names = names_of(node, kinds);
    if (end.member.empty())
        problems.push_back({end.place, "name the " + what + " too, as in " + end.node + "." +
                                           (names.empty() ? "gain" : names.front())});
    else
        problems.push_back(no_member(standing ? end.node : checked.patch.nodes[index].type, end, what, names));
    return nullptr;
}

Order order(std::size_t nodes, const std::vector<Link>& links) {
    // Depth first along the wires backwards, in the patch's order: the order follows from the patch alone.
    std::vector<std::vector<std::size_t>> feeds(nodes);
    for (const auto& link : links)
        if (link.to->kind != Member::Kind::in || !static_cast<const In*>(link.to)->shape.feedback)
            feeds[link.to_node].push_back(link.from_node);
    Order result;
    enum class Mark : char { fresh, open, done };
    std::vector<Mark> marks(nodes, Mark::fresh);
    std::vector<bool> in_loop(nodes);
    std::vector<std::pair<std::size_t, std::size_t>> path;  // node, next of its feeds
    for (std::size_t root = 0; root < nodes; ++root) {
        if (marks[root] != Mark::fresh) continue;
        path.emplace_back(root, 0);
        marks[root] = Mark::open;
        while (!path.empty()) {
            auto& [node, next] = path.back();
            if (next == feeds[node].size()) {
                marks[node] = Mark::done;
                result.steps.push_back(node);
                path.pop_back();
                continue;
            }
            const auto fed_by = feeds[node][next++];
            if (marks[fed_by] == Mark::open) {
                std::vector<std::size_t> loop;
                for (auto on = path.rbegin(); loop.empty() || loop.back() != fed_by; ++on) loop.push_back(on->first);
                const auto named = [&](std::size_t on) { return in_loop[on]; };
                if (std::none_of(loop.begin(), loop.end(), named)) {
                    for (const auto on : loop) in_loop[on] = true;
                    std::rotate(loop.begin(), std::min_element(loop.begin(), loop.end()), loop.end());
                    result.loops.push_back(std::move(loop));
                }
            }
            if (marks[fed_by] == Mark::fresh) {
                marks[fed_by] = Mark::open;
                path.emplace_back(fed_by, 0);
            }
        }
    }
    return result;
}

Checked check(Patch patch, NodeTypes types) {
    Checked c;
    c.patch = std::move(patch);
    Checker checker{c};
    checker.make_nodes(types);
    for (const auto& wire : c.patch.wires) checker.resolve(wire);
    for (const auto& binding : c.patch.bindings) checker.check_binding(binding);
    checker.check_order();
    checker.count_channels();
    check_scenes(c);
    check_sends(c);
    tidy(c.problems);
    return c;
}

}  // namespace legume

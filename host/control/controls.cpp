// Finds what a name means in the patch that plays, posts to it, and tells who wants to know.
// SPDX-License-Identifier: MIT
#include "host/control/controls.h"

#include <algorithm>
#include <utility>

namespace legume {

std::string name_of(const Endpoint& end) { return end.node + "/" + end.member; }

Endpoint end_of(const std::string& name) {
    const auto slash = name.rfind('/');
    return {name.substr(0, slash), slash == name.npos ? "" : name.substr(slash + 1), {}};
}

std::optional<float> reading(const Target& target) {
    if (const auto* param = target.param()) return param->shown();
    if (target.member->kind == Member::Kind::meter) return static_cast<const Meter*>(target.member)->value();
    return {};
}

Follower::Follower(Controls& controls) : controls_(controls) { controls_.followers_.push_back(this); }
Follower::~Follower() { std::erase(controls_.followers_, this); }

void Controls::bind() {
    look_up();
    const bool another = std::exchange(change_, runner_.changes()) != runner_.changes();
    for (auto* follower : followers_) follower->bind(another);
}

void Controls::tick() {
    for (auto* follower : followers_) follower->tick();
}

std::string Controls::summary() const {
    std::string all;
    for (const auto* follower : followers_) all += follower->summary();
    return all;
}

void Controls::look_up() {
    targets_.clear();
    meters_.clear();
    const auto add = [&](const Declaration& node, const std::string& id) {
        for (auto* member : node.members())
            if (member->kind == Member::Kind::param || member->kind == Member::Kind::trigger ||
                member->kind == Member::Kind::notes)
                targets_.push_back({id + "/" + member->name, member});
            else if (member->kind == Member::Kind::meter)
                meters_.push_back({id + "/" + member->name, member});
    };
    if (runner_.plays()) {
        const auto& plan = runner_.schedule().plan();
        for (std::size_t i = 0; i < plan.nodes.size(); ++i) add(*plan.nodes[i], plan.ids[i]);
    }
    add(runner_.transport(), std::string(Transport::id));
    add(runner_.setlist_controls(), std::string(SetlistControls::id));
}

const Target* Controls::find(std::string_view name) const {
    const auto found =
        std::find_if(targets_.begin(), targets_.end(), [&](const Target& target) { return target.name == name; });
    return found != targets_.end() ? &*found : nullptr;
}

void Controls::tell(const Target& target, float value, std::string_view source) {
    for (const auto& listener : listeners_) listener(target, value, source);
}

bool Controls::move(const Target& target, float value, std::string_view source, float seconds) {
    auto& param = *target.param();
    ++taken_;
    if (!runner_.control().post(param, target.name, value, source, seconds)) return false;
    last_ = std::string(source) + " > " + target.name + " " + param.range.print(param.own());
    tell(target, param.own(), source);
    return true;
}

void Controls::set(const Endpoint& to, const Value& value, std::string_view source, std::optional<double> seconds) {
    const auto* target = find(to);
    if (!target || !target->param()) return;
    if (const auto read = parse_quantity(value.text, target->param()->range.unit); read.value)
        move(*target, *read.value, source, static_cast<float>(seconds.value_or(-1)));
}

double Controls::seconds(const Span& span) const {
    return span.seconds(static_cast<double>(runner_.transport().tempo.own()));
}

void Controls::fire(const Target& target, std::string_view source, const Grid& grid) {
    ++taken_;
    runner_.control().post(*static_cast<Trigger*>(target.member), grid);
    last_ = std::string(source) + " > " + target.name;
    by_[target.name] = source;
    tell(target, 1, source);
}

void Controls::play(const Target& target, const NoteEvent& event, std::string_view source) {
    ++taken_;
    runner_.control().post(*static_cast<Notes*>(target.member), event);
    last_ = std::string(source) + " > " + target.name;
    by_[target.name] = source;
    if (event.kind == NoteEvent::Kind::on) held_.emplace(target.name, event.number);
    if (event.kind == NoteEvent::Kind::off) held_.erase({target.name, event.number});
}

void Controls::silence(std::string_view source) {
    for (const auto& [name, number] : std::set(held_))
        if (const auto* target = find(name)) play(*target, {0, NoteEvent::Kind::off, number, 0}, source);
    held_.clear();
    last_ = source;
}

}  // namespace legume

// Looks up what a message means, maps it onto the target's range, and posts it.
// SPDX-License-Identifier: MIT
#include "host/router.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace legume {
namespace {

// The newest number of a message: TouchDesigner's Time Slice format sends several samples, of which the last is now.
std::optional<float> number_of(const OscMessage& message) {
    for (auto arg = message.args.rbegin(); arg != message.args.rend(); ++arg) {
        if (const auto* f = std::get_if<float>(&*arg)) return *f;
        if (const auto* i = std::get_if<std::int64_t>(&*arg)) return static_cast<float>(*i);
        if (const auto* d = std::get_if<double>(&*arg)) return static_cast<float>(*d);
        if (const auto* b = std::get_if<bool>(&*arg)) return *b ? 1.0f : 0.0f;
    }
    return {};
}

bool finite(float x) { return x - x == 0; }

bool is_pattern(std::string_view address) { return address.find_first_of("?*[{") != address.npos; }

}  // namespace

void Router::bind() {
    targets_.clear();
    bound_.clear();
    const auto& plan = runner_.schedule().plan();
    for (std::size_t i = 0; i < plan.nodes.size(); ++i)
        for (auto* member : plan.nodes[i]->members())
            if (member->kind == Member::Kind::param || member->kind == Member::Kind::trigger ||
                member->kind == Member::Kind::notes)
                targets_.push_back({plan.ids[i] + "/" + member->name, member});
    for (const auto& binding : runner_.patch().bindings) {
        Bound bound;
        bound.binding = binding;
        const auto name = binding.to.node + "/" + binding.to.member;
        while (bound.target < targets_.size() && targets_[bound.target].name != name) ++bound.target;
        if (bound.target == targets_.size()) continue;  // check() has refused such a patch
        if (const auto* param = dynamic_cast<const Param*>(targets_[bound.target].member)) {
            auto& span = bound.span = param->range;
            span.curve = binding.curve.value_or(span.curve);
            if (binding.range) {
                span.min = *parse_quantity(binding.range->first.text, span.unit).value;
                span.max = *parse_quantity(binding.range->second.text, span.unit).value;
                bound.turned = span.min > span.max;
                if (bound.turned) std::swap(span.min, span.max);
            }
        }
        bound_.push_back(bound);
    }
}

float Router::mapped(const Bound& bound, float share) const {
    share = std::clamp(share, 0.0f, 1.0f);
    return bound.span.denormalise(bound.turned ? 1 - share : share);
}

void Router::move(const Target& target, float value, std::string_view source) {
    auto& param = *static_cast<Param*>(target.member);
    ++taken_;
    if (runner_.control().post(param, target.name, value, source))
        last_ = std::string(source) + " > " + target.name + " " + param.range.print(param.own());
}

void Router::fire(const Target& target, std::string_view source) {
    ++taken_;
    runner_.control().post(*static_cast<Trigger*>(target.member));
    last_ = std::string(source) + " > " + target.name;
}

void Router::midi(const MidiEvent& event, std::string_view port) {
    using Kind = MidiEvent::Kind;
    const bool note = event.kind == Kind::note_on || event.kind == Kind::note_off;
    bool taken = false;
    for (auto& bound : bound_) {
        if (!bound.binding.midi) continue;
        const auto& midi = *bound.binding.midi;
        if (midi.channel && midi.channel != event.channel) continue;
        if (!midi.port.empty() && port.find(midi.port) == port.npos) continue;
        const auto& target = targets_[bound.target];
        const bool is_param = target.member->kind == Member::Kind::param;
        const auto share = static_cast<float>(event.value) / 127.0f;
        if (midi.kind == MidiSource::Kind::cc && event.kind == Kind::cc && event.number == midi.number) {
            const auto source = "midi cc " + std::to_string(midi.number);
            if (is_param)
                move(target, mapped(bound, share), source);
            else if (bound.last_cc < 64 && event.value >= 64)  // a switch pressed, or a knob turned past its middle
                fire(target, source);
            bound.last_cc = event.value;
            taken = true;
        } else if (midi.kind == MidiSource::Kind::note && note && event.number == midi.number) {
            const bool on = event.kind == Kind::note_on;
            const auto source = "midi note " + std::to_string(midi.number);
            if (is_param)
                // Held at its velocity, released to the low end.
                move(target, mapped(bound, on ? share : 0.0f), source);
            else if (on)
                fire(target, source);
            taken = true;
        } else if (midi.kind == MidiSource::Kind::notes &&
                   (note || event.kind == Kind::bend || event.kind == Kind::pressure)) {
            NoteEvent e;
            e.number = event.number;
            e.value = share;
            e.kind = event.kind == Kind::note_on    ? NoteEvent::Kind::on
                     : event.kind == Kind::note_off ? NoteEvent::Kind::off
                     : event.kind == Kind::bend     ? NoteEvent::Kind::bend
                                                    : NoteEvent::Kind::pressure;
            if (e.kind == NoteEvent::Kind::bend)
                e.value = static_cast<float>(event.value) / 8192.0f * 2;  // +-2 semitones
            runner_.control().post(*static_cast<Notes*>(target.member), e);
            taken = true;
            ++taken_;
        }
    }
    if (!taken && (note || event.kind == Kind::cc)) {
        ++refused_;
        last_ = (note ? "midi note " : "midi cc ") + std::to_string(event.number) + " is bound to nothing";
    }
}

std::string Router::unknown(const std::string& address) const {
    std::vector<std::string> all;
    for (const auto& target : targets_) all.push_back("/" + target.name);
    for (const auto& bound : bound_)
        if (bound.binding.osc) all.push_back(bound.binding.osc->address);
    const auto near = nearest(address, all);
    return "nothing answers at " + address + (near.empty() ? "" : "; did you mean " + near + "?") +
           (all.empty() || !near.empty() ? "" : "; try " + all.front());
}

std::string Router::osc_to(const Target& target, const OscMessage& message, bool unit, const Bound* bound) {
    const auto number = number_of(message);
    const auto source = "osc " + message.address;
    if (target.member->kind == Member::Kind::trigger) {
        // An impulse or no argument at all fires; a button's 1 fires and its 0 is the release.
        if (number && !(*number >= 0.5f)) {
            ++taken_;
            return "";
        }
        for (const auto& arg : message.args)
            if (std::holds_alternative<std::string>(arg) || std::holds_alternative<OscBlob>(arg))
                return message.address + " is a trigger: send no argument, or 1";
        fire(target, source);
        return "";
    }
    if (target.member->kind != Member::Kind::param) return message.address + " takes MIDI notes only";
    const auto& range = static_cast<Param*>(target.member)->range;
    if (!number) return message.address + " wants a number, " + range.limits();
    if (!finite(*number)) return message.address + " was sent a value that is not a finite number";
    if (bound && (bound->binding.from || bound->binding.range || bound->binding.curve)) {
        const auto [a, b] = bound->binding.from.value_or(std::pair(0.0f, 1.0f));
        move(target, mapped(*bound, a == b ? 0.0f : (*number - a) / (b - a)), source);
    } else {
        move(target, unit ? range.denormalise(*number) : *number, source);
    }
    return "";
}

std::string Router::osc(const OscMessage& message) {
    const auto& address = message.address;
    const bool pattern = is_pattern(address);
    const auto hits = [&](const std::string& name) { return pattern ? osc_matches(address, name) : address == name; };
    std::string error;
    bool found = false;
    for (const auto& bound : bound_)
        if (bound.binding.osc && hits(bound.binding.osc->address)) {
            found = true;
            error = osc_to(targets_[bound.target], message, false, &bound);
        }
    for (const auto& target : targets_) {
        const bool own = hits("/" + target.name);
        const bool unit = !own && hits("/unit/" + target.name);
        if (!own && !unit) continue;
        found = true;
        error = osc_to(target, message, unit, nullptr);
    }
    if (!found) error = unknown(address);
    if (!error.empty()) ++refused_;
    return error;
}

}  // namespace legume

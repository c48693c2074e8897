// Looks up what an address or a pattern means, reads its number, and moves what it names.
// SPDX-License-Identifier: MIT
#include "host/osc/router.h"

#include <optional>

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

void OscRouter::bind() {
    bound_.clear();
    for (const auto& binding : controls_.runner().patch().bindings) {
        if (!binding.osc) continue;
        const auto* target = controls_.find(binding.to.node + "/" + binding.to.member);
        if (!target) continue;  // check() has refused such a patch
        Bound bound{binding, *target, {}};
        if (const auto* param = target->param()) bound.mapping = mapping_of(binding, param->range);
        bound_.push_back(bound);
    }
}

std::string OscRouter::unknown(const std::string& address) const {
    std::vector<std::string> all;
    for (const auto& target : controls_.targets()) all.push_back("/" + target.name);
    for (const auto& bound : bound_)
        if (bound.binding.osc) all.push_back(bound.binding.osc->address);
    const auto near = nearest(address, all);
    return "nothing answers at " + address + (near.empty() ? "" : "; did you mean " + near + "?") +
           (all.empty() || !near.empty() ? "" : "; try " + all.front());
}

std::string OscRouter::give(const Target& target, const OscMessage& message, bool unit, const Bound* bound) {
    const auto number = number_of(message);
    const auto source = "osc " + message.address;
    if (target.member->kind == Member::Kind::trigger) {
        // An impulse or no argument at all fires; a button's 1 fires and its 0 is the release.
        if (number && !(*number >= 0.5f)) return "";
        for (const auto& arg : message.args)
            if (std::holds_alternative<std::string>(arg) || std::holds_alternative<OscBlob>(arg))
                return message.address + " is a trigger: send no argument, or 1";
        controls_.fire(target, source, bound ? bound->binding.quantise : Grid{});
        return "";
    }
    if (target.member->kind != Member::Kind::param) return message.address + " takes MIDI notes only";
    const auto& range = target.param()->range;
    if (!number) return message.address + " wants a number, " + range.limits();
    if (!finite(*number)) return message.address + " was sent a value that is not a finite number";
    if (bound && (bound->binding.from || bound->binding.range || bound->binding.curve)) {
        const auto [a, b] = bound->binding.from.value_or(std::pair(0.0f, 1.0f));
        controls_.move(target, bound->mapping.value(a == b ? 0.0f : (*number - a) / (b - a)), source);
    } else {
        controls_.move(target, unit ? range.denormalise(*number) : *number, source);
    }
    return "";
}

std::string OscRouter::take(const OscMessage& message) {
    const auto& address = message.address;
    const bool pattern = is_pattern(address);
    const auto hits = [&](const std::string& name) { return pattern ? osc_matches(address, name) : address == name; };
    std::string error;
    bool found = false;
    for (const auto& bound : bound_)
        if (bound.binding.osc && hits(bound.binding.osc->address)) {
            found = true;
            error = give(bound.target, message, false, &bound);
        }
    for (const auto& target : controls_.targets()) {
        const bool own = hits("/" + target.name);
        const bool unit = !own && hits("/unit/" + target.name);
        if (!own && !unit) continue;
        found = true;
        error = give(target, message, unit, nullptr);
    }
    if (!found) error = unknown(address);
    if (!error.empty()) ++refused_;
    return error;
}

}  // namespace legume

// Looks up what an address or a pattern means, reads its number, and moves what it names.
// SPDX-License-Identifier: MIT
#include "host/osc/router.h"

#include <algorithm>
#include <optional>

namespace legume {
namespace {

constexpr std::size_t longest = 1024;  // characters of an address that may mean anything

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

}  // namespace

void OscRouter::bind() {
    bound_.clear();
    known_.clear();
    for (const auto& binding : controls_.runner().patch().bindings) {
        if (!binding.osc) continue;
        const auto* target = controls_.find(binding.to);
        if (!target) continue;  // check() has refused such a patch
        Bound bound{binding, *target, {}};
        if (const auto* param = target->param()) bound.mapping = mapping_of(binding, param->range);
        bound_.push_back(bound);
    }
}

const OscRouter::Hits& OscRouter::hits(const std::string& address) {
    constexpr std::size_t most_known = 4096;  // a sender may think of any number of addresses
    static const Hits none;
    if (address.size() > longest) return none;
    if (const auto found = known_.find(address); found != known_.end()) return found->second;
    if (known_.size() >= most_known) known_.clear();
    auto& found = known_[address];
    const bool pattern = osc_is_pattern(address);
    const auto hit = [&](const std::string& name) { return pattern ? osc_matches(address, name) : address == name; };
    for (std::size_t i = 0; i < bound_.size(); ++i)
        if (hit(bound_[i].binding.osc->address)) found.push_back({bound_[i].target, false, i});
    for (const auto& target : controls_.targets()) {
        if (hit("/" + target.name))
            found.push_back({target});
        else if (hit("/unit/" + target.name))
            found.push_back({target, true});
    }
    return found;
}

std::optional<float> OscRouter::settles(const OscMessage& message) {
    const auto number = number_of(message);
    if (!number || !finite(*number)) return {};
    const auto& all = hits(message.address);
    const bool params = std::all_of(all.begin(), all.end(), [](const Hit& hit) { return hit.target.param(); });
    return all.empty() || !params ? std::nullopt : number;
}

std::string OscRouter::unknown(const std::string& address, bool advise) const {
    if (address.size() > longest)
        return "nothing answers at an address of " + std::to_string(address.size()) + " characters";
    auto said = "nothing answers at " + address;
    if (!advise) return said;
    std::vector<std::string> all;
    for (const auto& target : controls_.targets()) all.push_back("/" + target.name);
    for (const auto& bound : bound_) all.push_back(bound.binding.osc->address);
    const auto near = nearest(address, all);
    return said + (near.empty() ? "" : "; did you mean " + near + "?") +
           (all.empty() || !near.empty() ? "" : "; try " + all.front());
}

std::string OscRouter::give(const Hit& hit, const OscMessage& message) {
    const auto& target = hit.target;
    const auto* bound = hit.bound < bound_.size() ? &bound_[hit.bound] : nullptr;
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
        controls_.move(target, hit.unit ? range.denormalise(*number) : *number, source);
    }
    return "";
}

std::string OscRouter::take(const OscMessage& message, bool advise) {
    const auto& all = hits(message.address);
    std::string error;
    for (const auto& hit : all) error = give(hit, message);
    if (all.empty()) error = unknown(message.address, advise);
    if (!error.empty()) ++refused_;
    return error;
}

}  // namespace legume

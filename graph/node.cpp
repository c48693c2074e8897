// What nodes are told while they get ready, and where their problems belong.
// SPDX-License-Identifier: MIT
#include "graph/node.h"

namespace legume {

int Prepare::channels(const In& in) const {
    return in_channels_ ? (*in_channels_)[static_cast<std::size_t>(in.index)] : 0;
}
int Prepare::channels(const Out& out) const {
    return out_channels_ ? (*out_channels_)[static_cast<std::size_t>(out.index)] : 1;
}

void Checking::problem(const Member& member, std::string message) const {
    if (member.kind == Member::Kind::option && !static_cast<const Option&>(member).valid()) return;
    const auto* setting = node_.find(member.name);
    problems_.push_back({setting ? setting->value.place : node_.place, std::move(message)});
}
void Checking::problem(std::string message) const { problems_.push_back({node_.place, std::move(message)}); }

Checking Checking::of(const Entry& entry) const { return {entry.text, problems_}; }

const NodeType* find_type(NodeTypes types, std::string_view name) {
    for (const auto* type : types)
        if (name == type->name) return type;
    return nullptr;
}

}  // namespace legume

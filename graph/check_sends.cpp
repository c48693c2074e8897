// Whether what a patch sends out is a param or a meter that there is.
// SPDX-License-Identifier: MIT
#include "graph/check.h"
#include "graph/conductor.h"

namespace legume {

void check_sends(Checked& checked) {
    const Conductor conductor;
    for (const auto& send : checked.patch.sends)
        for (const auto& end : send.values) {
            const bool time = end.node == Conductor::id;
            const auto node = time ? 0 : find_node(checked, end, checked.problems);
            if (!time && node == checked.nodes.size()) continue;
            const auto& members = time ? conductor.members() : checked.nodes[node]->members();
            if (members.empty()) continue;  // of an unknown type, which has been said
            std::vector<std::string> names;
            bool found = false;
            for (const auto* member : members) {
                if (member->kind != Member::Kind::param && member->kind != Member::Kind::meter) continue;
                names.push_back(member->name);
                found = found || member->name == end.member;
            }
            if (found) continue;
            const auto type = time ? end.node : checked.patch.nodes[node].type;
            checked.problems.push_back({end.place, type + " has no param or meter \"" + end.member +
                                                       "\" to send; it has " + (names.empty() ? "none" : join(names))});
        }
}

}  // namespace legume

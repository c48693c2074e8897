// Patch + node types -> every problem at once, each with a place and a next step.
// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "graph/node.h"
#include "graph/patch/patch.h"

namespace legume {

// A wire whose ends are found. `to` is an In, a Param or a Trigger.
struct Link {
    std::size_t from_node = 0;  // indices into Checked::nodes
    std::size_t to_node = 0;
    Out* from = nullptr;
    Member* to = nullptr;
    float depth = 1;
    Place place;
};

// A patch together with a fresh, configured, unprepared node for each of its nodes.
struct Checked {
    Patch patch;
    std::vector<std::shared_ptr<Node>> nodes;  // as in patch.nodes
    std::vector<Link> links;
    // Channels of each node's ports, resolved: [node][port].
    std::vector<std::vector<int>> in_channels, out_channels;
    Problems problems;  // empty: it can be compiled
    Problems notices;   // to be said, though it can be played: what a stored scene names and is gone
};

// Needs no device, no model in memory and no network: nodes look at most at a file's header.
Checked check(Patch patch, NodeTypes types);

// The node that an endpoint names, an index into `nodes`, or nodes.size() with a problem.
std::size_t find_node(const Checked& checked, const Endpoint& end, Problems& problems);
// The member that an endpoint names, of a node or of the transport, and of one of these kinds, which `what` says to the
// player; nullptr with a problem, or without one when it is unknown what its node has, which has been said.
const Member* find_member(const Checked& checked, const Endpoint& end, std::initializer_list<Member::Kind> kinds,
                          const std::string& what, Problems& problems);
// In check_scenes.cpp: whether scenes, what goes between them, and cues name what there is.
void check_scenes(Checked& checked);
void check_sends(Checked& checked);  // in check_sends.cpp: whether what goes out by OSC is there
// Of a node that moves between scenes; nullptr of any other.
const ScenesOption* scenes_of(const Declaration& node);
std::string beside(const std::string& id, const std::string& scene);  // of the same patch within the patch as that node

// Steps in an order where each node runs after what it reads, late Ins aside. Loops without a late In have no such
// order: of those that share a node at least one is named.
struct Order {
    std::vector<std::size_t> steps;
    std::vector<std::vector<std::size_t>> loops;  // each along its wires, from the node that stands first in the patch
};
Order order(std::size_t nodes, const std::vector<Link>& links);

}  // namespace legume

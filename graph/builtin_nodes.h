// The nodes that stand beside every patch and in none: its musical time, and the set that it is played in.
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "graph/node.h"

namespace legume {

// As it declares itself, to be looked at and not played. nullptr: a patch may call a node of its own so.
const Node* builtin_node(std::string_view id);

}  // namespace legume

// The nodes that stand beside every patch and in none: its musical time, and the set that it is played in.
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "graph/declaration.h"

namespace legume {

// As it declares itself, to be looked at. nullptr: a patch may call a node of its own so.
const Declaration* builtin_node(std::string_view id);

}  // namespace legume

// The one list of node types.
// SPDX-License-Identifier: MIT
#pragma once

#include "graph/node.h"

namespace legume {

NodeTypes node_types();  // alphabetical

}  // namespace legume

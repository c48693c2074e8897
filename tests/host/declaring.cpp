// The node types of a legume for tests alone: one of them declares what its file says.
// SPDX-License-Identifier: MIT
#include "nodes/registry.h"
#include "tests/graph/declared.h"

namespace legume {

extern const NodeType oscillator_node, output_node;

NodeTypes node_types() {
    static const NodeType* const types[] = {&test::declared_type, &oscillator_node, &output_node};
    return types;
}

}  // namespace legume

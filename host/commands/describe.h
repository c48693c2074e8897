// What the nodes' declarations say, in every form that somebody reads: manual, JSON schema, OSC namespace, terminal.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "graph/check.h"
#include "graph/node.h"

namespace legume {

std::string describe_text(NodeTypes types);                        // one line for each node
std::string describe_text(const NodeType& type);                   // one node and its members
std::string describe_text(const Checked& patch, NodeTypes types);  // each node of a patch, with what it really has
std::string manual_markdown(NodeTypes types);                      // nodes/MANUAL.md
std::string patch_schema(NodeTypes types);                         // patches/patch.schema.json, draft-07
std::string osc_namespace(const Checked& patch);                   // every address that the patch answers to

}  // namespace legume

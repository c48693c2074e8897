// A patch as a picture, in Mermaid's text, and pages of such pictures.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "graph/check.h"

namespace legume {

// Nodes with their types, wires with their ports and depths, what is bound, patches within the patch as boxes. The same
// patch gives the same text.
std::string diagram(const Checked& patch);  // valid: without problems

// The page with everything between `<!-- drawn from NAME.yaml ... -->` and `<!-- drawn -->` written anew from the
// patch of that name beside it: its first comment, and its diagram. Throws CommandError.
std::string draw_page(const std::filesystem::path& page);

}  // namespace legume

// A show's log as cues for its patch.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace legume {

int print_cues(const std::string& show);  // its folder, its log, or "last"; exit code

}  // namespace legume

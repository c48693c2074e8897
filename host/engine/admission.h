// Whether this machine keeps up with what a patch generates, in words.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graph/schedule.h"

namespace legume {

// A line for each node that makes its sound ahead of time, and one for all of them together. Of a schedule that was
// compiled live.
std::vector<std::string> admission(const Schedule& schedule, int threads);

// Prepares the patch as `play` does, without a device, and prints its lines; false when it cannot be played.
bool measure_patch(Checked checked);

}  // namespace legume

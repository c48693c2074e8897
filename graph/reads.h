// What a node reads that is not just what its options name, so that a pack takes along that and no more.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <vector>

#include "graph/node.h"

namespace legume {

class Reads {
  public:
    virtual ~Reads() = default;
    // The files because of an option that names some; a folder means all that is in it. Control thread, checked.
    virtual std::vector<std::filesystem::path> reads(const Option& option) const = 0;
};

}  // namespace legume

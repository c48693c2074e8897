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
    virtual std::vector<std::filesystem::path> reads(const Option& option) const { return named(option); }
    // What an option for a file or several names; of any other nothing.
    static std::vector<std::filesystem::path> named(const Option& option) {
        if (option.type == Option::Type::file) return {static_cast<const FileOption&>(option).path()};
        const bool files = option.type == Option::Type::list && option.holds_files();
        return files ? static_cast<const FilesOption&>(option).paths() : std::vector<std::filesystem::path>{};
    }
};

}  // namespace legume

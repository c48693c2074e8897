// What a node reads that is not just what its options name, so that a pack takes along that and no more.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "graph/abilities.h"

namespace legume {

class Reads {
  public:
    virtual ~Reads() = default;
    // The files because of an option that names some; a folder means all that is in it. Control thread, checked.
    virtual std::vector<std::filesystem::path> reads(const Option& option) const { return named(option); }
    // The same of any node, also of one that reads just what is named.
    static std::vector<std::filesystem::path> of(const Declaration& node, const Option& option) {
        const auto* reads = as<Reads>(node);
        return reads ? reads->reads(option) : named(option);
    }
    // What an option for a file or several names; of any other nothing.
    static std::vector<std::filesystem::path> named(const Option& option) {
        if (option.type == Option::Type::file) return {static_cast<const FileOption&>(option).path()};
        const bool files = option.type == Option::Type::list && option.holds_files();
        return files ? static_cast<const FilesOption&>(option).paths() : std::vector<std::filesystem::path>{};
    }
};

// What one option of a node reads, or of an entry in it.
struct FilesRead {
    std::string option;
    std::filesystem::path named;  // in the patch; of several the first
    std::vector<std::filesystem::path> files;
};

// All that a checked node reads, as it lies there now; what is gone meanwhile is left out.
inline std::vector<FilesRead> all_read(const Declaration& node) {
    std::vector<FilesRead> all;
    for (const auto* option : node.options()) {
        if (option->type == Option::Type::entries)
            for (const auto& entry : static_cast<const EntriesOption*>(option)->all())
                for (auto& of_entry : all_read(*entry)) all.push_back(std::move(of_entry));
        const auto named = Reads::named(*option);
        if (named.empty() || named[0].empty()) continue;
        try {
            all.push_back({option->name, named[0], Reads::of(node, *option)});
        } catch (const std::runtime_error&) {  // not a run, or no run any more
        }
    }
    return all;
}

}  // namespace legume

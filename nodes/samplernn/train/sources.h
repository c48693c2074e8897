// Which files a run learns from, by their content, so that they are found again on another machine.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace legume::samplernn {

struct SourceFile {
    std::string name;  // as the run began with it, for messages
    std::filesystem::path file;
};

// RUN/sources.csv: sha256,bytes,name. Throws std::runtime_error when it cannot be written.
void note_sources(const std::filesystem::path& run, const std::vector<SourceFile>& sources);
bool knows_sources(const std::filesystem::path& run);

// The noted files, in their order, wherever they lie below `folder` and whatever they are called there. Throws
// std::runtime_error, naming what is not there.
std::vector<SourceFile> find_sources(const std::filesystem::path& run, const std::filesystem::path& folder);

}  // namespace legume::samplernn

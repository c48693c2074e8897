// Where a patch's text is read from: files on the disk, or what a show kept of them.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace legume {

using Texts = std::map<std::string, std::string>;  // by the file's name, as it is spoken of

// The whole file, as a show kept it or from the disk; nothing when there is none that can be read.
std::optional<std::string> read_text(const std::filesystem::path& file, const Texts* kept = nullptr);

}  // namespace legume

// Why a path that somebody names is not to be opened: what it leads to may never answer, or is nothing to read.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace legume {

// "is a pipe; name a file", as a sentence's end without a full stop; of a file that can be read, of a folder and of
// what is not there, nothing. It opens nothing, so that it never waits.
std::optional<std::string> not_a_file(const std::filesystem::path& path);

}  // namespace legume

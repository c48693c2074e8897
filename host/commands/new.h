// Makes a folder of one's own to start from: the first patch with its sounds, its model and the editor's schema.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace legume {

int new_folder(const std::filesystem::path& folder);  // exit code

}  // namespace legume

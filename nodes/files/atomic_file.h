// Writes a file whole or not at all, so that no reader, and no loss of power, ever meets half of one.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string_view>
#include <system_error>

namespace legume::samplernn {

// To NAME.part beside it, fsync, rename. When it fails, what was there is as it was, and NAME.part is gone.
[[nodiscard]] std::error_code write_atomically(const std::filesystem::path& file, std::string_view bytes);

}  // namespace legume::samplernn

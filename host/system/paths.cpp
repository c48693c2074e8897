// Asks the system where the program is.
// SPDX-License-Identifier: MIT
#include "host/system/paths.h"

namespace legume {

std::filesystem::path program_folder() {
    std::error_code error;
    return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

std::filesystem::path home_folder() {
    const auto installed = program_folder().parent_path() / "share" / "legume";
    std::error_code error;
    return std::filesystem::exists(installed / "patches", error) ? installed : std::filesystem::path(LEGUME_SOURCE_DIR);
}

}  // namespace legume

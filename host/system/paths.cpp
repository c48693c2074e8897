// Asks the system where the program is, and the environment for the user's folders.
// SPDX-License-Identifier: MIT
#include "host/system/paths.h"

#include <cstdlib>

namespace legume {
namespace {

// By the variable, or else below the home folder.
std::filesystem::path folder_of(const char* variable, const char* below_home) {
    if (const char* named = std::getenv(variable); named && *named == '/')
        return std::filesystem::path(named) / "legume";
    if (const char* home = std::getenv("HOME"); home && *home == '/')
        return std::filesystem::path(home) / below_home / "legume";
    return {};
}

}  // namespace

std::filesystem::path config_folder() { return folder_of("XDG_CONFIG_HOME", ".config"); }
std::filesystem::path state_folder() { return folder_of("XDG_STATE_HOME", ".local/state"); }
std::filesystem::path data_folder() { return folder_of("XDG_DATA_HOME", ".local/share"); }

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

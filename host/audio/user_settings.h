// What legume remembers about this person's computer: the sound card, never anything of a patch.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace legume {

struct UserSettings {
    std::string device;  // empty: none was chosen
    double rate = 0;     // frames a second; 0: none was chosen
    int buffer = 0;      // frames; 0: none was chosen
    bool operator==(const UserSettings&) const = default;
};

// $XDG_CONFIG_HOME/legume/settings, else ~/.config/legume/settings; empty when there is no home.
std::filesystem::path user_settings_path();

// No file: nothing chosen. A line that cannot be read is skipped and said in `messages`.
UserSettings load_user_settings(const std::filesystem::path& path, std::vector<std::string>& messages);

// Whole or not at all. Returns what went wrong, in the player's words.
std::optional<std::string> save_user_settings(const std::filesystem::path& path, const UserSettings& settings);

}  // namespace legume

// Lines of `key = value`, written under another name first and then renamed.
// SPDX-License-Identifier: MIT
#include "host/audio/user_settings.h"

#include <unistd.h>

#include <charconv>
#include <cmath>
#include <fstream>

#include "host/system/paths.h"

namespace legume {

namespace {

namespace fs = std::filesystem;

std::string trim(const std::string& text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string::npos) return "";
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// Free of the locale, whose decimal comma would not be read back.
template <class T>
bool read_number(const std::string& text, T& into) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return false;
    into = value;
    return true;
}

std::string print(double value) {
    char text[64];
    return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

// Empty: taken. Otherwise what the line should have been.
std::string take(UserSettings& settings, const std::string& key, const std::string& value) {
    if (key == "device") {
        settings.device = value;
        return "";
    }
    if (key == "rate") {
        double rate = 0;
        if (!read_number(value, rate) || !(rate >= 8'000 && rate <= 384'000)) return "rate is 8000 to 384000";
        settings.rate = rate;
        return "";
    }
    if (key == "buffer") {
        int buffer = 0;
        if (!read_number(value, buffer) || buffer < 16 || buffer > 8192) return "buffer is 16 to 8192";
        settings.buffer = buffer;
        return "";
    }
    return "the settings are device, rate and buffer, each as `key = value`";
}

}  // namespace

fs::path user_settings_path() {
    const auto folder = config_folder();
    return folder.empty() ? folder : folder / "settings";
}

UserSettings load_user_settings(const fs::path& path, std::vector<std::string>& messages) {
    UserSettings settings;
    std::ifstream file(path);
    std::string line;
    for (int number = 1; number <= 1'000 && std::getline(file, line); ++number) {
        line = trim(line);
        if (line.empty() || line[0] == '#') continue;
        const auto equals = line.find('=');
        const std::string key = trim(line.substr(0, equals));
        const std::string value = equals == std::string::npos ? "" : trim(line.substr(equals + 1));
        if (const std::string wrong = take(settings, key, value); !wrong.empty())
            messages.push_back(path.string() + ":" + std::to_string(number) + ": " + wrong + "; the line is skipped");
    }
    return settings;
}

std::optional<std::string> save_user_settings(const fs::path& path, const UserSettings& settings) {
    if (path.empty()) return "there is no home folder to remember the sound card in; set HOME or XDG_CONFIG_HOME";
    const auto failed = [&](const std::string& why) {
        return path.string() + ": cannot be written (" + why + "); the sound card is not remembered";
    };
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    if (error) return failed(error.message());
    const fs::path fresh = path.string() + ".new-" + std::to_string(::getpid());
    {
        std::ofstream file(fresh, std::ios::trunc);
        file << "# The sound card that legume plays on; legume writes this file anew when another one is chosen.\n";
        std::string device = settings.device;
        for (char& c : device)
            if (c == '\n' || c == '\r') c = ' ';
        if (!trim(device).empty()) file << "device = " << trim(device) << '\n';
        if (settings.rate > 0) file << "rate = " << print(settings.rate) << '\n';
        if (settings.buffer > 0) file << "buffer = " << settings.buffer << '\n';
        file.flush();
        if (!file) {
            file.close();
            fs::remove(fresh, error);
            return failed("the file does not open or the disk is full");
        }
    }
    fs::rename(fresh, path, error);
    if (error) {
        const std::string why = error.message();
        fs::remove(fresh, error);
        return failed(why);
    }
    return std::nullopt;
}

}  // namespace legume

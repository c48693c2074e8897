// The remembered sound card: written whole, read back, and no file of any kind stops legume.
// SPDX-License-Identifier: MIT
#include "host/audio/user_settings.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace legume;
namespace fs = std::filesystem;

namespace {

struct Folder {
    fs::path path = fs::temp_directory_path() / ("legume-settings-" + std::to_string(::getpid()));
    Folder() { fs::create_directories(path); }
    ~Folder() { fs::remove_all(path); }
    fs::path write(const std::string& text) const {
        std::ofstream(path / "settings", std::ios::binary) << text;
        return path / "settings";
    }
};

}  // namespace

TEST_CASE("a chosen sound card is remembered, in a folder that was not there before") {
    const Folder folder;
    const auto file = folder.path / "deep" / "legume" / "settings";
    const UserSettings chosen{.device = "USB = Audio (ALSA)", .rate = 44'100.5, .buffer = 128};
    CHECK_FALSE(save_user_settings(file, chosen));
    std::vector<std::string> messages;
    CHECK(load_user_settings(file, messages) == chosen);
    CHECK(messages.empty());

    CHECK_FALSE(save_user_settings(file, {}));
    CHECK(load_user_settings(file, messages) == UserSettings{});
    int files = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(file.parent_path())) ++files;
    CHECK(files == 1);  // nothing half-written is left
}

TEST_CASE("no settings file means that nothing was chosen") {
    std::vector<std::string> messages;
    CHECK(load_user_settings("/nonexistent/settings", messages) == UserSettings{});
    CHECK(load_user_settings("", messages) == UserSettings{});
    CHECK(messages.empty());
}

TEST_CASE("a line that cannot be read is named and skipped, the others count") {
    const Folder folder;
    const auto file = folder.write(
        "# mine\n\n device =  Scarlett 2i2 \r\nrate = fast\nbuffer = 99999999999\n"
        "rate = 48000Hz\nvolume = 11\nbuffer\nrate = nan\nbuffer = 64\n");
    std::vector<std::string> messages;
    const auto settings = load_user_settings(file, messages);
    CHECK(settings == UserSettings{.device = "Scarlett 2i2", .rate = 0, .buffer = 64});
    REQUIRE(messages.size() == 6);
    CHECK(messages[0] == file.string() + ":4: rate is 8000 to 384000; the line is skipped");
    CHECK(messages[3].find(":7: the settings are device, rate and buffer") != std::string::npos);
}

TEST_CASE("a name with a line break cannot write a second setting") {
    const Folder folder;
    const auto file = folder.path / "settings";
    CHECK_FALSE(save_user_settings(file, {.device = "a\nbuffer = 16", .rate = 0, .buffer = 0}));
    std::vector<std::string> messages;
    CHECK(load_user_settings(file, messages) == UserSettings{.device = "a buffer = 16", .rate = 0, .buffer = 0});
}

TEST_CASE("a place that cannot be written is said, and the old file stays") {
    const Folder folder;
    const auto file = folder.write("device = old\n");
    const auto wrong = save_user_settings(file / "settings", {.device = "new", .rate = 0, .buffer = 0});
    REQUIRE(wrong);
    CHECK(wrong->find("cannot be written") != std::string::npos);
    std::vector<std::string> messages;
    CHECK(load_user_settings(file, messages).device == "old");
    CHECK(save_user_settings("", {}));
}

TEST_CASE("the settings live in the user's config folder") {
    const char* before = std::getenv("XDG_CONFIG_HOME");
    const std::string saved = before ? before : "";
    ::setenv("XDG_CONFIG_HOME", "/tmp/elsewhere", 1);
    CHECK(user_settings_path() == fs::path("/tmp/elsewhere/legume/settings"));
    ::setenv("XDG_CONFIG_HOME", "not/absolute", 1);
    if (const char* home = std::getenv("HOME"); home && *home)
        CHECK(user_settings_path() == fs::path(home) / ".config/legume/settings");
    before ? ::setenv("XDG_CONFIG_HOME", saved.c_str(), 1) : ::unsetenv("XDG_CONFIG_HOME");
}

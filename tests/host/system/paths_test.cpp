// Where settings, state and shows are kept: where the environment says, and else below the home folder.
// SPDX-License-Identifier: MIT
#include "host/system/paths.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <string>

using namespace legume;

namespace {

// The environment as it was comes back at the end.
class Environment {
  public:
    void set(const std::string& name, const char* value) {
        const char* before = std::getenv(name.c_str());
        before_.emplace(name, before ? std::optional<std::string>(before) : std::nullopt);
        value ? ::setenv(name.c_str(), value, 1) : ::unsetenv(name.c_str());
    }
    ~Environment() {
        for (const auto& [name, value] : before_)
            value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
    }

  private:
    std::map<std::string, std::optional<std::string>> before_;
};

}  // namespace

TEST_CASE("settings, state and data are kept where the environment says") {
    Environment environment;
    environment.set("XDG_CONFIG_HOME", "/a");
    environment.set("XDG_STATE_HOME", "/b");
    environment.set("XDG_DATA_HOME", "/c");
    CHECK(config_folder() == "/a/legume");
    CHECK(state_folder() == "/b/legume");
    CHECK(data_folder() == "/c/legume");
}

TEST_CASE("without a word of the environment they lie below the home folder, and nowhere when there is none") {
    Environment environment;
    environment.set("HOME", "/home/ada");
    for (const char* said : {static_cast<const char*>(nullptr), "", "not/absolute"}) {
        for (const char* name : {"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"}) environment.set(name, said);
        CHECK(config_folder() == "/home/ada/.config/legume");
        CHECK(state_folder() == "/home/ada/.local/state/legume");
        CHECK(data_folder() == "/home/ada/.local/share/legume");
    }
    environment.set("HOME", nullptr);
    CHECK(config_folder().empty());
    CHECK(state_folder().empty());
    CHECK(data_folder().empty());
}

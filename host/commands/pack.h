// The command `legume pack`: one file of a patch and all that it plays from.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

namespace legume {

struct PackRequest {
    std::filesystem::path patch;
    std::filesystem::path out;  // empty: NAME.legume in the folder at hand
    std::string licence;        // of what the player made; empty: nothing is said
};

int pack(const PackRequest& request);               // exit code
int check_pack(const std::filesystem::path& file);  // reads it through, and says what its card says; exit code

}  // namespace legume

// All files that a patch plays from, and where they lie in a pack: as they lay to each other, so that its text holds.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graph/patch/patch.h"

namespace legume {

struct Gathered {
    struct File {
        std::filesystem::path from;
        std::string name;             // in the pack
        std::string text;             // instead of what is in it, where a path in it had to be written anew; else empty
        std::string licence, source;  // as the README.md beside it has them
    };
    std::vector<File> files;           // by name
    std::vector<std::string> folders;  // without a file in them, for what is written there
    std::string patch, title;          // the name of the one to play
    std::vector<std::string> needs;    // what the machine must have, a line each
};

// The patch, those within it and those that its cues go on to, what is stored beside them, and what their nodes read.
// Paths stay as they are written, below set/; what an absolute path names goes to elsewhere/, and that path is written
// anew. What is wrong becomes a problem at the setting's place.
Gathered gather(const std::filesystem::path& patch, Problems& problems);

}  // namespace legume

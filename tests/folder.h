// A folder that a test writes in, and where the sources and the programs under test lie.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

namespace legume::test {

// Nobody else's, and gone with its owner.
class Folder {
  public:
    Folder();
    ~Folder();
    std::filesystem::path operator/(const std::string& name) const { return path / name; }
    std::filesystem::path path;
};

// The tests know these by one file alone, so that a build elsewhere compiles the others to the same objects.
const std::filesystem::path& source_folder();
std::string built(const std::string& name);  // in the build folder

}  // namespace legume::test

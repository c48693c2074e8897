// A folder that a test writes in.
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

}  // namespace legume::test

// Where a patch's text is read from: files on the disk, or what a show kept of them.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace legume {

using Texts = std::map<std::string, std::string>;  // by the file's name, as it is spoken of

// The whole file, or nothing when there is none that can be read.
std::optional<std::string> read_text(const std::filesystem::path& file);

// As long as it lives, this thread reads patches from these and not from the disk.
class ReadFrom {
  public:
    explicit ReadFrom(const Texts& texts);
    ~ReadFrom();
    ReadFrom(const ReadFrom&) = delete;
    ReadFrom& operator=(const ReadFrom&) = delete;
    static const Texts* now();  // nullptr: the disk
};

}  // namespace legume

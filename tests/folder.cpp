// Makes a folder in the system's place for such and takes it away with all that is in it.
// SPDX-License-Identifier: MIT
#include "tests/folder.h"

#include <unistd.h>

#include <atomic>
#include <string>
#include <system_error>

namespace legume::test {

Folder::Folder() {
    static std::atomic<int> count{0};
    path = std::filesystem::temp_directory_path() /
           ("legume-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
    std::filesystem::create_directories(path);
}
Folder::~Folder() {
    std::error_code error;
    std::filesystem::remove_all(path, error);
}

const std::filesystem::path& source_folder() {
    static const std::filesystem::path folder = LEGUME_SOURCE_DIR;
    return folder;
}
std::string built(const std::string& name) { return std::string(LEGUME_BUILD_DIR "/") + name; }

}  // namespace legume::test

// Asks the file system for the kind of a thing, and whether it may be read.
// SPDX-License-Identifier: MIT
#include "nodes/files/not_a_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace legume {

std::optional<std::string> not_a_file(const std::filesystem::path& path) {
    using Type = std::filesystem::file_type;
    std::error_code error;
    const auto type = std::filesystem::status(path, error).type();
    switch (type) {
        case Type::not_found:
        case Type::directory: return {};
        case Type::regular: break;
        case Type::fifo: return "is a pipe; name a file";
        case Type::socket: return "is a socket; name a file";
        case Type::block:
        case Type::character: return "is a device; name a file";
        default: return "cannot be reached (" + error.message() + "); look at its name and folder";
    }
    if (::access(path.c_str(), R_OK) == 0) return {};
    return std::string("cannot be read (") + std::strerror(errno) + "); look at its permissions";
}

}  // namespace legume

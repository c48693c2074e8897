// Another name first, forced to the disk, then the file's own. POSIX.
// SPDX-License-Identifier: MIT
#include "nodes/files/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace legume::samplernn {

std::error_code write_atomically(const std::filesystem::path& file, std::string_view bytes) {
    auto part = file;
    part += ".part";
    const auto reason = [] { return std::error_code(errno, std::generic_category()); };
    const int out = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (out < 0) return reason();
    std::error_code failed;
    while (!bytes.empty() && !failed) {
        const auto n = ::write(out, bytes.data(), bytes.size());
        if (n >= 0) bytes.remove_prefix(static_cast<std::size_t>(n));
        if (n < 0 && errno != EINTR) failed = reason();
    }
    if (!failed && ::fsync(out) != 0) failed = reason();
    if (::close(out) != 0 && !failed) failed = reason();
    if (!failed && ::rename(part.c_str(), file.c_str()) != 0) failed = reason();
    if (failed) {
        ::unlink(part.c_str());
        return failed;
    }
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    if (const int dir = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); dir >= 0) {
        ::fsync(dir);  // the new name too; a file system that cannot is no reason to fail
        ::close(dir);
    }
    return {};
}

}  // namespace legume::samplernn

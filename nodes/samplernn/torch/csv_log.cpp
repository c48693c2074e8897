// A row is written at once or taken back, so that a full disk leaves no half of it.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/torch/csv_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "nodes/files/atomic_file.h"

namespace legume::samplernn {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, int error) {
    throw std::runtime_error(file.string() + ": cannot be written: " + std::strerror(error));
}

}  // namespace

CsvLog::CsvLog(std::filesystem::path file, const std::string& names) : file_(std::move(file)), names_(names + "\n") {}

void CsvLog::cut(std::int64_t step) {
    std::string kept = names_;
    const auto fields = std::count(names_.begin(), names_.end(), ',');
    std::ifstream in(file_);
    std::string row;
    for (std::getline(in, row); std::getline(in, row) && !in.eof();)  // a last row without an end is half a row
        if (std::count(row.begin(), row.end(), ',') == fields && std::atoll(row.c_str()) <= step) kept += row + "\n";
    in.close();
    if (const auto error = write_atomically(file_, kept)) fail(file_, error.value());
}

void CsvLog::add(const std::string& row) const {
    const int descriptor = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0) fail(file_, errno);
    const auto before = ::lseek(descriptor, 0, SEEK_END);
    const std::string line = (before > 0 ? "" : names_) + row + "\n";
    const auto wrote = ::write(descriptor, line.data(), line.size());
    int error = wrote < 0 ? errno : wrote < static_cast<ssize_t>(line.size()) ? ENOSPC : 0;
    if (error && wrote > 0 && ::ftruncate(descriptor, before) != 0) error = errno;
    if (::close(descriptor) != 0 && !error) error = errno;
    if (error) fail(file_, error);
}

bool CsvLog::exists() const {
    std::error_code failed;
    return std::filesystem::exists(file_, failed);
}

}  // namespace legume::samplernn

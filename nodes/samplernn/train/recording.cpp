// Writes levels as they are in memory, behind a word and their count, and maps them. POSIX.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train/recording.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

namespace legume::samplernn {
namespace {

namespace fs = std::filesystem;

struct Head {
    std::array<char, 24> word{"legume levels 1"};
    std::uint64_t count = 0;
};

std::string reason() { return std::strerror(errno); }

}  // namespace

Recording::Recording(std::vector<std::uint16_t> levels) {
    const auto kept = std::make_shared<const std::vector<std::uint16_t>>(std::move(levels));
    levels_ = *kept;
    held_ = kept;
}

Recording Recording::first(std::size_t count) const {
    Recording part = *this;
    part.levels_ = levels_.first(count);
    return part;
}

std::optional<Recording> Recording::map(int descriptor) {
    struct stat status {};
    Head head;
    if (fstat(descriptor, &status) != 0) return {};
    const auto bytes = static_cast<std::size_t>(status.st_size);
    if (pread(descriptor, &head, sizeof head, 0) != static_cast<ssize_t>(sizeof head)) return {};
    if (head.word != Head{}.word || (bytes - sizeof head) / sizeof(std::uint16_t) != head.count) return {};
    void* const at = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor, 0);
    if (at == MAP_FAILED) return {};
    Recording recording;
    recording.held_ = std::shared_ptr<const void>(at, [bytes](const void* p) { munmap(const_cast<void*>(p), bytes); });
    recording.levels_ = {reinterpret_cast<const std::uint16_t*>(static_cast<const char*>(at) + sizeof head),
                         static_cast<std::size_t>(head.count)};
    return recording;
}

std::optional<Recording> Recording::open(const fs::path& file) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return {};
    auto recording = map(descriptor);
    close(descriptor);
    return recording;
}

RecordingWriter::RecordingWriter(const fs::path& file) : file_(file) {
    if (file_.empty()) {
        std::string name = (fs::temp_directory_path() / "legume-levels-XXXXXX").string();
        descriptor_ = mkostemp(name.data(), O_CLOEXEC);
        part_ = name;
        if (descriptor_ >= 0) unlink(name.c_str());
    } else {
        part_ = file_.string() + ".part";
        descriptor_ = ::open(part_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    }
    if (descriptor_ < 0) throw std::runtime_error(part_.string() + " cannot be written: " + reason());
    const Head head;
    put(&head, sizeof head);
}

RecordingWriter::~RecordingWriter() {
    if (descriptor_ < 0) return;
    close(descriptor_);
    if (!file_.empty()) unlink(part_.c_str());
}

void RecordingWriter::put(const void* bytes, std::size_t count) {
    for (const char* from = static_cast<const char*>(bytes); count > 0;) {
        const auto wrote = ::write(descriptor_, from, count);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) throw std::runtime_error(part_.string() + " cannot be written on: " + reason());
        from += wrote;
        count -= static_cast<std::size_t>(wrote);
    }
}

void RecordingWriter::write(std::span<const std::uint16_t> levels) {
    put(levels.data(), levels.size_bytes());
    count_ += levels.size();
}

Recording RecordingWriter::finish() {
    Head head;
    head.count = count_;
    if (pwrite(descriptor_, &head, sizeof head, 0) != static_cast<ssize_t>(sizeof head))
        throw std::runtime_error(part_.string() + " cannot be written on: " + reason());
    if (!file_.empty() && (fsync(descriptor_) != 0 || rename(part_.c_str(), file_.c_str()) != 0))
        throw std::runtime_error(file_.string() + " cannot be written: " + reason());
    auto recording = Recording::map(descriptor_);
    if (!recording) throw std::runtime_error(part_.string() + " cannot be read back: " + reason());
    close(descriptor_);
    descriptor_ = -1;
    return *recording;
}

}  // namespace legume::samplernn

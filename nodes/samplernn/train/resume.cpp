// The resume file: a magic line, little-endian fields in the order of the struct, a checksum.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train/resume.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <type_traits>

#include "graph/base/hash.h"
#include "nodes/files/atomic_file.h"

namespace legume::samplernn {
namespace {

// Read on the machine that wrote it, so it has no versions to bridge: another layout gets another magic line.
constexpr std::string_view magic = "legume resume 2\n";

std::uint64_t checksum(std::span<const char> bytes) {  // FNV-1a over words: the file has tens of megabytes
    Fnv sum;
    for (std::size_t i = 0; i < bytes.size(); i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + i, std::min<std::size_t>(8, bytes.size() - i));
        sum.byte(word);
        sum.value ^= sum.value >> 29;
    }
    return sum.value;
}

struct Writer {
    std::string bytes{magic};
    void raw(const void* from, std::size_t size) { bytes.append(static_cast<const char*>(from), size); }
    template <class T>
    void operator()(const T& value) {
        if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, StreamPlace>) {
            raw(&value, sizeof value);
        } else {
            (*this)(static_cast<std::uint64_t>(value.size()));
            raw(value.data(), value.size() * sizeof(*value.data()));
        }
    }
};

struct Reader {
    std::span<const char> bytes;
    void raw(void* into, std::size_t size) {
        if (bytes.size() < size) throw std::runtime_error("ends too early");
        if (size) std::memcpy(into, bytes.data(), size);
        bytes = bytes.subspan(size);
    }
    template <class T>
    void operator()(T& value) {
        if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, StreamPlace>) {
            raw(&value, sizeof value);
        } else {
            std::uint64_t size = 0;
            (*this)(size);
            if (size > bytes.size() / sizeof(*value.data())) throw std::runtime_error("ends too early");
            value.resize(size);
            raw(value.data(), size * sizeof(*value.data()));
        }
    }
};

template <class Each, class R>
void fields(Each& each, R& r) {
    each(r.run);
    each(r.seed);
    each(r.step);
    each(r.seconds);
    each(r.share);
    each(r.held_out);
    each(r.bits_sum);
    each(r.bits_count);
    each(r.streams);
    each(r.network);
    each(r.states);
    each(r.guard);
}

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what) {
    throw std::runtime_error(file.string() + ": " + what);
}

}  // namespace

void write_resume(const std::filesystem::path& file, const Resume& resume) {
    Writer writer;
    fields(writer, resume);
    writer(checksum(writer.bytes));
    if (const auto error = write_atomically(file, writer.bytes)) fail(file, "cannot be written: " + error.message());
}

std::optional<Resume> read_resume(const std::filesystem::path& file) {
    std::error_code failed;
    if (!std::filesystem::exists(file, failed)) return std::nullopt;
    std::ifstream in(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (!in.good() && !in.eof()) fail(file, "cannot be read");
    const std::string hint = "; remove it to begin the run anew";
    if (!std::string_view(bytes).starts_with(magic) || bytes.size() < magic.size() + 8)
        fail(file, "is no resume file of this legume" + hint);
    std::uint64_t sum = 0;
    std::memcpy(&sum, bytes.data() + bytes.size() - 8, 8);
    const std::span<const char> all(bytes.data(), bytes.size() - 8);
    if (sum != checksum(all)) fail(file, "is damaged" + hint);
    Resume resume;
    try {
        Reader reader{all.subspan(magic.size())};
        fields(reader, resume);
    } catch (const std::runtime_error& error) {
        fail(file, error.what() + hint);
    }
    return resume;
}

RunLock::RunLock(const std::filesystem::path& run) {
    descriptor_ = ::open(run.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    // A file system without locks is no reason not to train.
    if (descriptor_ < 0 || ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
    ::close(descriptor_);
    fail(run, "is being trained by another legume; wait for it, end it, or set another run folder");
}

RunLock::~RunLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

void sweep(const std::filesystem::path& run) {
    namespace fs = std::filesystem;
    std::error_code failed;
    for (const fs::path& folder : {run, run / "checkpoints", run / "takes", run / "corpus"})
        for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
            const fs::path name = it->path().filename();
            // NAME.part; sound files, whose ending matters, are NAME.part.flac or NAME.part-2.flac.
            if (name.extension() == ".part" || name.stem().extension().string().starts_with(".part")) {
                std::error_code ignored;
                fs::remove(it->path(), ignored);
            }
        }
}

}  // namespace legume::samplernn

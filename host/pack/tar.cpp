// Tar archives by libarchive, without any of its filters: nothing in a pack can unfold to more than it is.
// SPDX-License-Identifier: MIT
// GNU's format, because names in it are bytes and not text of some locale.
#include "host/pack/tar.h"

#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <cstring>

namespace legume {
namespace {

struct Close {
    void operator()(archive* a) const { archive_free(a); }
    void operator()(archive_entry* e) const { archive_entry_free(e); }
};
using Archive = std::unique_ptr<archive, Close>;

// What the disk said when it was the disk, else that the archive is not sound.
[[noreturn]] void fail(archive* a, const std::string& otherwise) {
    const int code = archive_errno(a);
    const bool system = code > 0 && code != EINVAL && code != EILSEQ;
    throw TarError(system ? std::strerror(code) : otherwise);
}
void must(archive* a, int result) {
    if (result == ARCHIVE_FATAL || result == ARCHIVE_FAILED || result == ARCHIVE_RETRY)
        fail(a, "is no tar archive, or not a whole one");
}

}  // namespace

struct TarReader::State {
    Archive archive{archive_read_new()};
    State() { must(archive.get(), archive_read_support_format_tar(archive.get())); }
};

TarReader::TarReader(const std::filesystem::path& file) : state_(new State) {
    must(state_->archive.get(), archive_read_open_filename(state_->archive.get(), file.c_str(), 1 << 16));
}
TarReader::TarReader(std::span<const char> bytes) : state_(new State) {
    must(state_->archive.get(), archive_read_open_memory(state_->archive.get(), bytes.data(), bytes.size()));
}
TarReader::~TarReader() = default;

std::optional<TarReader::Entry> TarReader::next() {
    archive_entry* entry = nullptr;
    auto* const a = state_->archive.get();
    const int result = archive_read_next_header(a, &entry);
    if (result == ARCHIVE_EOF) return {};
    must(a, result);
    const char* name = archive_entry_pathname(entry);
    const bool file = archive_entry_filetype(entry) == AE_IFREG && !archive_entry_hardlink(entry) &&
                      !archive_entry_symlink(entry) && archive_entry_size_is_set(entry) &&
                      archive_entry_size(entry) >= 0;
    return Entry{name ? name : "", file ? static_cast<std::uint64_t>(archive_entry_size(entry)) : 0, file};
}

std::size_t TarReader::read(std::span<char> into) {
    const auto read = archive_read_data(state_->archive.get(), into.data(), into.size());
    if (read < 0) fail(state_->archive.get(), "is not whole");
    return static_cast<std::size_t>(read);
}

struct TarWriter::State {
    Archive archive{archive_write_new()};
};

TarWriter::TarWriter(const std::filesystem::path& file) : state_(new State) {
    auto* const a = state_->archive.get();
    must(a, archive_write_set_format_gnutar(a));
    must(a, archive_write_add_filter_none(a));
    must(a, archive_write_open_filename(a, file.c_str()));
}
TarWriter::~TarWriter() = default;

void TarWriter::begin(const std::string& name, std::uint64_t bytes) {
    const std::unique_ptr<archive_entry, Close> entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_mtime(entry.get(), 0, 0);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes));
    must(state_->archive.get(), archive_write_header(state_->archive.get(), entry.get()));
}

void TarWriter::write(std::span<const char> bytes) {
    if (archive_write_data(state_->archive.get(), bytes.data(), bytes.size()) != static_cast<la_ssize_t>(bytes.size()))
        fail(state_->archive.get(), "cannot be written to its end");
}

void TarWriter::finish() { must(state_->archive.get(), archive_write_close(state_->archive.get())); }

}  // namespace legume

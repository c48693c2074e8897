// Only files of a noted size are read to the end.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train/sources.h"

#include <array>
#include <cstdlib>
#include <fstream>
#include <map>
#include <stdexcept>

#include "nodes/files/atomic_file.h"
#include "nodes/files/sha256.h"

namespace legume::samplernn {
namespace {

namespace fs = std::filesystem;

constexpr const char* names = "sha256,bytes,name\n";

fs::path note_of(const fs::path& run) { return run / "sources.csv"; }

std::string hash_of(const fs::path& file) { return sha256_of_file(file).value_or(sha256_of("")); }

struct Noted {
    std::string hash, name;
    std::uintmax_t bytes = 0;
};

std::vector<Noted> read_note(const fs::path& run) {
    std::ifstream in(note_of(run));
    std::vector<Noted> all;
    std::string row;
    for (std::getline(in, row); std::getline(in, row);) {
        const auto first = row.find(','), second = row.find(',', first + 1);
        if (second == row.npos) throw std::runtime_error(note_of(run).string() + " is damaged");
        all.push_back({row.substr(0, first), row.substr(second + 1), std::strtoull(&row[first + 1], nullptr, 10)});
    }
    return all;
}

}  // namespace

void note_sources(const fs::path& run, const std::vector<SourceFile>& sources) {
    std::string rows = names;
    for (const auto& source : sources) {
        std::error_code failed;
        rows +=
            hash_of(source.file) + "," + std::to_string(fs::file_size(source.file, failed)) + "," + source.name + "\n";
    }
    if (const auto error = write_atomically(note_of(run), rows))
        throw std::runtime_error(note_of(run).string() + ": cannot be written: " + error.message());
}

bool knows_sources(const fs::path& run) {
    std::error_code failed;
    return fs::exists(note_of(run), failed);
}

std::vector<SourceFile> find_sources(const fs::path& run, const fs::path& folder) {
    const auto noted = read_note(run);
    std::map<std::string, fs::path> found;  // by content
    std::error_code failed;
    fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied, failed), end;
    for (; !failed && it != end; it.increment(failed)) {
        if (!it->is_regular_file(failed)) continue;
        const auto bytes = it->file_size(failed);
        for (const auto& file : noted)
            if (file.bytes == bytes) {
                found.emplace(hash_of(it->path()), it->path());
                break;
            }
    }
    if (failed) throw std::runtime_error(folder.string() + ": cannot be read: " + failed.message());
    std::vector<SourceFile> all;
    std::string missing;
    std::size_t count = 0;
    for (const auto& file : noted) {
        const auto at = found.find(file.hash);
        if (at != found.end()) {
            all.push_back({file.name, at->second});
        } else if (count++ == 0) {
            missing = file.name;
        }
    }
    if (count > 0)
        throw std::runtime_error(folder.string() + ": no file in it has the content of " + missing +
                                 (count > 1 ? " and " + std::to_string(count - 1) + " more" : "") +
                                 "; bring the files that the run learned from");
    return all;
}

}  // namespace legume::samplernn

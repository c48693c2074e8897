// A file for each patch, and a lock beside it that a crash lets go.
// SPDX-License-Identifier: MIT
#include "host/session/snapshot_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <utility>

#include "graph/compile.h"
#include "host/system/paths.h"
#include "nodes/files/atomic_file.h"

namespace legume {
namespace {

namespace fs = std::filesystem;

std::optional<Snapshot> read_file(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return read_snapshot(text);
}

std::string clock_of(const fs::path& file) {
    std::error_code error;
    const auto age = fs::file_time_type::clock::now() - fs::last_write_time(file, error);
    const auto when = std::chrono::system_clock::now() - std::chrono::duration_cast<std::chrono::seconds>(age);
    const std::time_t time = std::chrono::system_clock::to_time_t(when);
    std::tm local{};
    localtime_r(&time, &local);
    char text[40];
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
    return error ? "" : text;
}

std::string length_of(double seconds) {
    char text[40];
    std::snprintf(text, sizeof text, "%d:%02d", static_cast<int>(seconds) / 60, static_cast<int>(seconds) % 60);
    return text;
}

}  // namespace

SnapshotFile::SnapshotFile(const fs::path& patch, bool resume) {
    const auto folder = state_folder();
    std::error_code error;
    if (!folder.empty()) fs::create_directories(folder, error);
    if (folder.empty() || error) {
        greeting_ = "Where the show stands is not kept: " + (folder.empty()
                                                                 ? "there is no home folder; set HOME or XDG_STATE_HOME"
                                                                 : folder.string() + ": " + error.message());
        return;
    }
    const auto whole = fs::weakly_canonical(patch, error).string();
    char hash[20];
    std::snprintf(hash, sizeof hash, "%08llx", static_cast<unsigned long long>(hash_seed(0, whole) & 0xffffffff));
    const auto name = folder / (patch.stem().string() + "-" + hash);
    for (int number = 1; number <= 99 && lock_ < 0; ++number) {
        const auto place = name.string() + (number > 1 ? "-" + std::to_string(number) : "");
        const int lock = ::open((place + ".lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
        if (lock < 0) break;
        if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
            ::close(lock);
            continue;
        }
        lock_ = lock;
        file_ = place + ".standing";
        before_ = place + ".before";
    }
    if (lock_ < 0) {
        greeting_ = "Where the show stands is not kept: " + folder.string() + " cannot be written";
        return;
    }
    const bool middle = fs::exists(file_, error);
    if (resume) {
        const auto& left = middle ? file_ : before_;
        resumed_ = read_file(left);
        if (resumed_ && !fs::exists(resumed_->patch, error)) resumed_.reset();
        greeting_ =
            resumed_ ? "Going on from " + clock_of(left) + ", after " + length_of(resumed_->seconds) + " of the show."
                     : "There is nothing to go on from: the show begins afresh.";
    } else if (const auto left = middle ? read_file(file_) : std::nullopt) {
        greeting_ = "The last show of this patch ended in the middle, at " + clock_of(file_) + ", after " +
                    length_of(left->seconds) + ". To go on from there, stop and start again with --resume.";
        fs::rename(file_, before_, error);
    }
    thread_ = std::thread([this] { write(); });
}

SnapshotFile::~SnapshotFile() {
    {
        const std::lock_guard lock(mutex_);
        quit_ = true;
    }
    more_.notify_all();
    if (thread_.joinable()) thread_.join();
    if (lock_ >= 0) ::close(lock_);
}

std::string SnapshotFile::save(Snapshot standing) {
    if (file_.empty()) return {};
    const std::lock_guard lock(mutex_);
    next_ = std::move(standing);
    more_.notify_all();
    return std::exchange(fault_, {});
}

void SnapshotFile::over() {
    {
        const std::lock_guard lock(mutex_);
        quit_ = true;
        next_.reset();
    }
    more_.notify_all();
    if (thread_.joinable()) thread_.join();
    std::error_code error;
    if (file_.empty()) return;
    fs::remove(file_, error);
    if (resumed_) fs::remove(before_, error);
    fs::remove(file_.replace_extension(".lock"), error);
    file_.clear();
}

void SnapshotFile::write() {
    bool failed = false;  // said once, until it works again
    std::unique_lock lock(mutex_);
    for (;;) {
        more_.wait(lock, [&] { return quit_ || next_; });
        if (quit_) return;
        const auto standing = *std::exchange(next_, std::nullopt);
        lock.unlock();
        const auto error = samplernn::write_atomically(file_, write_snapshot(standing));
        lock.lock();
        if (error && !std::exchange(failed, true))
            fault_ = "Where the show stands cannot be kept: " + file_.string() + ": " + error.message();
        if (!error) failed = false;
    }
}

}  // namespace legume

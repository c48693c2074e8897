// Appends to one file; a line is whole or is known not to be.
// SPDX-License-Identifier: MIT
#include "host/show/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "nodes/files/sha256.h"

namespace legume {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t most_waiting = 64 << 20;  // bytes, of a disk that does not answer
constexpr std::size_t piece = 4 << 20;          // bytes that are summed between two looks at what waits

}  // namespace

struct ShowLog::Summing {
    fs::path path;
    std::ifstream in;
    samplernn::Sha256 sha;
    std::uint64_t size = 0;
    std::vector<char> bytes = std::vector<char>(piece);
};

ShowLog::ShowLog(fs::path file, Say tell) : file_(std::move(file)), tell_(std::move(tell)) {
    fd_ = open(file_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    if (fd_ < 0) throw std::runtime_error(file_.string() + " cannot be written: " + std::strerror(errno));
    thread_ = std::thread([this] { run(); });
}

ShowLog::~ShowLog() {
    {
        const std::lock_guard lock(mutex_);
        gather_locked();
        quit_ = true;
    }
    wake_.notify_all();
    thread_.join();
    close(fd_);
}

void ShowLog::put_locked(std::string line) {
    if (waiting_.size() > most_waiting) full_ = true;
    if (!full_) waiting_ += line;  // with a line missing, what follows would not be what was played
}

void ShowLog::put(LineWriter& line) {
    auto text = line.finish();
    const std::lock_guard lock(mutex_);
    put_locked(std::move(text));
}

void ShowLog::gather_locked() {
    for (const auto& told : told_)
        for (auto* decision : told.node->decisions())
            for (TimingDecision::Answer answer; decision->recorded(answer);)
                put_locked(LineWriter()
                               .word("fate")
                               .number(told.edit)
                               .word(told.id)
                               .word(decision->name)
                               .number(answer.at)
                               .number(answer.what)
                               .finish());
}

void ShowLog::gather() {
    const std::lock_guard lock(mutex_);
    gather_locked();
}

void ShowLog::listen_to(std::vector<Told> nodes) {
    const std::lock_guard lock(mutex_);
    gather_locked();
    told_.swap(nodes);
}

void ShowLog::sum(const fs::path& file) {
    const std::lock_guard lock(mutex_);
    if (summed_.insert(file).second) to_sum_.push_back(file);
}

bool ShowLog::write(const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size() && !failed_;) {
        const auto wrote = ::write(fd_, bytes.data() + at, bytes.size() - at);
        if (wrote > 0) {
            at += static_cast<std::size_t>(wrote);
        } else if (errno != EINTR) {
            failed_ = true;
            tell_(file_.string() + " cannot be written on: " + std::strerror(errno) +
                  "; the show can be played again up to here, and playing goes on");
        }
    }
    return !failed_;
}

// A piece at a time: what is heard meanwhile has to be written too.
bool ShowLog::sum_some() {
    if (!summing_) {
        const std::lock_guard lock(mutex_);
        if (to_sum_.empty()) return false;
        summing_ = std::make_unique<Summing>();
        summing_->path = std::move(to_sum_.front());
        to_sum_.pop_front();
        summing_->in.open(summing_->path, std::ios::binary);
    }
    auto& now = *summing_;
    now.in.read(now.bytes.data(), static_cast<std::streamsize>(now.bytes.size()));
    const auto got = static_cast<std::size_t>(now.in.gcount());
    now.sha.add(std::span<const char>(now.bytes.data(), got));
    now.size += got;
    if (now.in) return true;
    if (now.in.eof() && now.size > 0) {
        LineWriter line;
        put(line.word("sum").word(now.path.string()).number(now.size).word(now.sha.finish()));
    }
    summing_.reset();
    return true;
}

void ShowLog::run() {
    auto synced = std::chrono::steady_clock::now();
    for (bool over = false; !over;) {
        std::string now;
        bool full = false;
        {
            std::unique_lock lock(mutex_);
            wake_.wait_for(lock, std::chrono::milliseconds(100), [&] { return quit_; });
            gather_locked();
            over = quit_;
            full = full_;
            now.swap(waiting_);
        }
        write(now);
        if (full && !failed_) {
            failed_ = true;
            tell_(file_.string() + ": the disk is too slow for it; the show can be played again up to here");
        }
        if (!over) sum_some();
        if (const auto time = std::chrono::steady_clock::now(); time - synced > std::chrono::seconds(1)) {
            synced = time;
            if (!failed_) fdatasync(fd_);
        }
    }
    // A short show ends before its files are summed; they are waited for a little.
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    while (std::chrono::steady_clock::now() < patience && sum_some()) {
    }
    write(std::exchange(waiting_, {}));
}

}  // namespace legume

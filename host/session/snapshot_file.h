// Keeps where a show stands on disk, every second, and gives it back to the next start of the same patch.
// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "host/session/snapshot.h"

namespace legume {

// Control thread. Its own thread writes, so that a slow disk holds nobody up.
class SnapshotFile {
  public:
    // `patch` is what was asked for on the command line: under its name the show is found again. A show of that patch
    // that another legume plays at the same time has a file of its own. With `resume` what was left is in resumed().
    SnapshotFile(const std::filesystem::path& patch, bool resume);
    ~SnapshotFile();  // what was saved stays, unless the show is over
    SnapshotFile(const SnapshotFile&) = delete;
    SnapshotFile& operator=(const SnapshotFile&) = delete;

    const std::optional<Snapshot>& resumed() const { return resumed_; }
    const std::string& greeting() const { return greeting_; }  // what a player should know of it; often nothing
    std::string save(Snapshot standing);  // the newest wins; what went wrong with those before, said once
    void over();                          // the show ended as it should: there is nothing to go on from

  private:
    void write();
    std::filesystem::path file_, before_;  // what plays; what ended in the middle and was not resumed. Empty: nowhere
    int lock_ = -1;
    std::optional<Snapshot> resumed_;
    std::mutex mutex_;
    std::condition_variable more_;
    std::optional<Snapshot> next_;
    bool quit_ = false;
    std::string fault_;
    std::string greeting_;
    std::thread thread_;
};

}  // namespace legume

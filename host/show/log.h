// The log of a show while it is played, and the nodes' decisions, written on a thread of its own.
// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "graph/base/say.h"
#include "graph/node.h"
#include "host/show/line.h"

namespace legume {

// Whatever was put is in the file half a second later, whoever is killed. A disk that does not take it is said once,
// and playing goes on.
class ShowLog {
  public:
    // A new file; throws std::runtime_error when it cannot be made.
    ShowLog(std::filesystem::path file, Say tell);
    ~ShowLog();  // all that was put is written
    ShowLog(const ShowLog&) = delete;
    ShowLog& operator=(const ShowLog&) = delete;

    // ---- control thread
    void put(LineWriter& line);
    struct Told {  // whose decisions are written down
        std::shared_ptr<Node> node;
        std::string id;
        std::size_t edit = 0;  // that brought it
    };
    void listen_to(std::vector<Told> nodes);
    // What they have decided so far is put before whatever comes next.
    void gather();
    // Its SHA-256 will be written down, once.
    void sum(const std::filesystem::path& file);

  private:
    void gather_locked();
    void put_locked(std::string line);
    void run();
    bool write(const std::string& bytes);
    bool sum_some();

    const std::filesystem::path file_;
    const Say tell_;  // any thread
    int fd_ = -1;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::string waiting_;
    std::vector<Told> told_;
    std::deque<std::filesystem::path> to_sum_;
    std::set<std::filesystem::path> summed_;
    bool quit_ = false, full_ = false;
    bool failed_ = false;  // the thread's
    struct Summing;
    std::unique_ptr<Summing> summing_;  // the thread's
    std::thread thread_;
};

}  // namespace legume

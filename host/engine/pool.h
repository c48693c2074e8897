// Worker threads that poll the jobs of nodes, so that the audio thread never has to wake anybody.
// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "graph/node.h"

namespace legume {

// A job, and the node that it belongs to kept alive.
struct Job {
    std::shared_ptr<Node> node;
    Work* work = nullptr;
};

// How many may generate: one core is the audio thread's.
int generate_threads();

class Pool {
  public:
    // `real_time` asks for a priority below the audio thread's and says nothing when it is not permitted.
    Pool(int threads, bool real_time);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    // From now on these are polled. Returns when no job that was left out is running any more.
    void set(std::vector<Job> jobs);

  private:
    struct Slot {
        Job job;
        bool busy = false;
    };
    void poll(std::size_t number);
    std::mutex mutex_;
    std::condition_variable idle_;
    std::condition_variable more_;  // jobs than before: a thread for which there was none sleeps
    std::vector<std::shared_ptr<Slot>> slots_;
    std::size_t next_ = 0;
    bool quit_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace legume

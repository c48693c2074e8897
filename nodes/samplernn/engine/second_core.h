// A thread that does one thing at a time beside its owner, handed over in a fraction of a microsecond.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <thread>

namespace legume::samplernn {

// It spins while work keeps coming, and sleeps soon after it stops. Its owner never waits for a thread that has not
// begun: what is still there is done by the owner, so that a machine with no core to spare plays all the same.
class SecondCore {
  public:
    SecondCore();
    ~SecondCore();  // after wait()
    SecondCore(const SecondCore&) = delete;
    SecondCore& operator=(const SecondCore&) = delete;
    // One job at a time; wait() comes before the next.
    void post(void (*work)(void*), void* with) noexcept;
    void wait() noexcept;

  private:
    enum State { idle, posted, running, done, quit };
    void run() noexcept;
    std::atomic<int> state_ = idle;
    void (*work_)(void*) = nullptr;
    void* with_ = nullptr;
    std::thread thread_;
};

}  // namespace legume::samplernn

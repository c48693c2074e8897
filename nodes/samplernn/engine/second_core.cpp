// Four states of one atomic number.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine/second_core.h"

#include "graph/base/denormals.h"

namespace legume::samplernn {
namespace {

constexpr int patience = 2'000;  // looks before it sleeps: about 0.1 ms, more than any sample takes

void relax() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

}  // namespace

SecondCore::SecondCore() : thread_([this] { run(); }) {}

SecondCore::~SecondCore() {
    state_.store(quit);
    state_.notify_one();
    thread_.join();
}

void SecondCore::post(void (*work)(void*), void* with) noexcept {
    work_ = work;
    with_ = with;
    state_.store(posted, std::memory_order_release);
    state_.notify_one();  // costs nothing while it is awake
}

void SecondCore::wait() noexcept {
    int state = posted;
    if (state_.compare_exchange_strong(state, idle, std::memory_order_acquire)) {
        work_(with_);
        return;
    }
    if (state == idle) return;
    while (state_.load(std::memory_order_acquire) != done) relax();
    state_.store(idle, std::memory_order_relaxed);
}

void SecondCore::run() noexcept {
    const NoDenormals flushed;
    for (int looked = 0;; ++looked) {
        int state = posted;
        if (state_.compare_exchange_weak(state, running, std::memory_order_acquire)) {
            work_(with_);
            state_.store(done, std::memory_order_release);
            looked = 0;
        } else if (state == quit) {
            return;
        } else if (looked < patience) {
            relax();
        } else {
            state_.wait(state, std::memory_order_relaxed);
            looked = 0;
        }
    }
}

}  // namespace legume::samplernn

// Each worker takes the next job that nobody runs; when a whole round had nothing to do it sleeps a millisecond.
// SPDX-License-Identifier: MIT
#include "host/engine/pool.h"

#include <algorithm>
#include <chrono>

#include "graph/base/denormals.h"
#include "host/system/real_time.h"

namespace legume {

int generate_threads() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) - 1); }

Pool::Pool(int threads, bool real_time) {
    for (int i = 0; i < threads; ++i) {
        threads_.emplace_back([this, i, real_time] {
            if (real_time) take_real_time(generate_priority);
            poll(static_cast<std::size_t>(i));
        });
    }
}

Pool::~Pool() {
    {
        const std::lock_guard lock(mutex_);
        quit_ = true;
    }
    more_.notify_all();
    for (auto& thread : threads_) thread.join();
}

void Pool::set(std::vector<Job> jobs) {
    std::unique_lock lock(mutex_);
    const auto before = slots_;
    std::vector<std::shared_ptr<Slot>> now;
    for (auto& job : jobs) {
        const auto same =
            std::find_if(before.begin(), before.end(), [&](const auto& slot) { return slot->job.work == job.work; });
        now.push_back(same != before.end() ? *same : std::make_shared<Slot>(Slot{std::move(job), false}));
    }
    slots_ = now;
    more_.notify_all();
    idle_.wait(lock, [&] {
        return std::none_of(before.begin(), before.end(), [&](const auto& slot) {
            return slot->busy && std::find(now.begin(), now.end(), slot) == now.end();
        });
    });
}

void Pool::poll(std::size_t number) {
    const NoDenormals no_denormals;
    std::size_t rested = 0;  // jobs in a row that had nothing to do
    std::unique_lock lock(mutex_);
    while (!quit_) {
        more_.wait(lock, [&] { return quit_ || number < slots_.size(); });
        std::shared_ptr<Slot> mine;
        for (std::size_t i = 0; i < slots_.size() && !mine; ++i) {
            const auto& slot = slots_[next_++ % slots_.size()];
            if (!slot->busy) mine = slot;
        }
        const auto round = slots_.size();
        bool worked = false;
        if (mine) {
            mine->busy = true;
            lock.unlock();
            worked = mine->job.work->run();
            lock.lock();
            mine->busy = false;
            idle_.notify_all();
        }
        rested = worked ? 0 : rested + 1;
        if (rested < round && mine) continue;
        rested = 0;
        mine.reset();
        lock.unlock();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        lock.lock();
    }
}

}  // namespace legume

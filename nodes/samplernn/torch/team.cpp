// Between two pieces of work the threads sleep; inside one they spin, since they meet at every step of a recurrence.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/torch/team.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "graph/base/denormals.h"

namespace legume::samplernn {
namespace {

constexpr int spins = 4000;  // some microseconds; then the core may be somebody else's

struct Deserted : std::runtime_error {
    Deserted() : std::runtime_error("another lane has thrown") {}
};

}  // namespace

struct Team::Parts {
    int lanes;
    std::vector<std::thread> threads;
    std::mutex mutex;
    std::condition_variable begin, end;
    const std::function<void(int)>* work = nullptr;
    std::uint64_t round = 0;
    int busy = 0;
    bool closing = false;
    std::exception_ptr thrown;

    std::atomic<int> here{0};
    std::atomic<std::uint64_t> meetings{0};
    std::atomic<bool> deserted{false};

    void run(int lane) {
        try {
            (*work)(lane);
        } catch (const Deserted&) {  // the reason is the other's
        } catch (...) {
            const std::lock_guard lock(mutex);
            if (!thrown) thrown = std::current_exception();
            deserted = true;
        }
    }

    void close() {
        {
            const std::lock_guard lock(mutex);
            closing = true;
        }
        begin.notify_all();
        for (auto& thread : threads) thread.join();
    }

    void live(int lane) {
        const NoDenormals no_denormals;  // Adam's moments decay into them
        for (std::uint64_t seen = 0;;) {
            {
                std::unique_lock lock(mutex);
                begin.wait(lock, [&] { return closing || round != seen; });
                if (closing) return;
                seen = round;
            }
            run(lane);
            const std::lock_guard lock(mutex);
            if (--busy == 0) end.notify_one();
        }
    }
};

Team::Team(int lanes) : parts_(std::make_unique<Parts>()) {
    parts_->lanes = lanes;
    try {
        for (int lane = 1; lane < lanes; ++lane) parts_->threads.emplace_back([this, lane] { parts_->live(lane); });
    } catch (const std::system_error&) {
        const auto possible = parts_->threads.size() + 1;
        parts_->close();
        throw std::runtime_error("this machine gives no more than " + std::to_string(possible) +
                                 " threads; say --threads with fewer than " + std::to_string(lanes));
    }
}

Team::~Team() { parts_->close(); }

int Team::lanes() const { return parts_->lanes; }

void Team::each(const std::function<void(int)>& work) {
    auto& p = *parts_;
    const NoDenormals no_denormals;
    {
        const std::lock_guard lock(p.mutex);
        p.work = &work;
        p.thrown = nullptr;
        p.deserted = false;
        p.here = 0;
        p.busy = p.lanes - 1;
        ++p.round;
    }
    p.begin.notify_all();
    p.run(0);
    std::unique_lock lock(p.mutex);
    p.end.wait(lock, [&] { return p.busy == 0; });
    if (p.thrown) std::rethrow_exception(p.thrown);
}

void Team::meet() {
    auto& p = *parts_;
    if (p.lanes == 1) return;
    const auto meeting = p.meetings.load(std::memory_order_acquire);
    if (p.here.fetch_add(1, std::memory_order_acq_rel) + 1 == p.lanes) {
        p.here.store(0, std::memory_order_relaxed);
        p.meetings.store(meeting + 1, std::memory_order_release);
        return;
    }
    for (int spun = 0; p.meetings.load(std::memory_order_acquire) == meeting; ++spun) {
        if (p.deserted) throw Deserted();
        if (spun > spins) std::this_thread::yield();
    }
}

Share share(std::int64_t count, int lane, int lanes) {
    const auto from = count * lane / lanes;
    return {from, count * (lane + 1) / lanes - from};
}

}  // namespace legume::samplernn

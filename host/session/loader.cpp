// One wish and one result, under one lock.
// SPDX-License-Identifier: MIT
#include "host/session/loader.h"

#include <utility>

namespace legume {

Loader::~Loader() {
    {
        const std::lock_guard lock(mutex_);
        quit_ = true;
    }
    wished_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void Loader::want(const std::filesystem::path& file) {
    {
        const std::lock_guard lock(mutex_);
        wish_ = file;
        loaded_.reset();
    }
    wished_.notify_one();
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

bool Loader::busy() {
    const std::lock_guard lock(mutex_);
    return busy_ || wish_;
}

std::optional<Loaded> Loader::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(loaded_, std::nullopt);
}

void Loader::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        wished_.wait(lock, [&] { return quit_ || wish_; });
        if (quit_) return;
        const auto file = *std::exchange(wish_, std::nullopt);
        busy_ = true;
        lock.unlock();
        std::optional<Loaded> loaded(load_(file));
        lock.lock();
        busy_ = false;
        if (!wish_) loaded_ = std::move(loaded);
        lock.unlock();
        loaded.reset();  // a model that nobody wants any more is freed here
        lock.lock();
    }
}

}  // namespace legume

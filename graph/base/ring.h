// What crosses threads without a lock: Ring (samples, records), Mailbox and Latest (newest wins), Retired (garbage).
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "graph/base/rt.h"

namespace legume {

// One writer, one reader. Indices run on and are masked, so that full and empty differ.
template <class T>
class Ring {
    static_assert(std::is_trivially_copyable_v<T>);

  public:
    explicit Ring(std::size_t capacity = 0) { resize(capacity); }
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    // Not while another thread reads or writes. Capacity is rounded up to a power of two.
    void resize(std::size_t capacity) {
        items_.assign(std::bit_ceil(std::max<std::size_t>(capacity, 2)), T{});
        read_.store(0, std::memory_order_relaxed);
        written_.store(0, std::memory_order_relaxed);
    }
    std::size_t capacity() const noexcept RT_SAFE { return items_.size(); }
    std::size_t readable() const noexcept RT_SAFE {
        return written_.load(std::memory_order_acquire) - read_.load(std::memory_order_relaxed);
    }
    std::size_t writable() const noexcept RT_SAFE {
        return items_.size() - (written_.load(std::memory_order_relaxed) - read_.load(std::memory_order_acquire));
    }
    // Writes as many as fit; returns how many.
    std::size_t write(std::span<const T> from) noexcept RT_SAFE {
        const auto n = std::min(from.size(), writable());
        const auto at = written_.load(std::memory_order_relaxed);
        for (std::size_t i = 0; i < n; ++i) items_[(at + i) & (items_.size() - 1)] = from[i];
        written_.store(at + n, std::memory_order_release);
        return n;
    }
    bool push(const T& item) noexcept RT_SAFE { return write(std::span<const T>(&item, 1)) == 1; }
    // Reads as many as there are; returns how many.
    std::size_t read(std::span<T> into) noexcept RT_SAFE {
        const auto n = std::min(into.size(), readable());
        const auto at = read_.load(std::memory_order_relaxed);
        for (std::size_t i = 0; i < n; ++i) into[i] = items_[(at + i) & (items_.size() - 1)];
        read_.store(at + n, std::memory_order_release);
        return n;
    }
    bool pop(T& item) noexcept RT_SAFE { return read(std::span<T>(&item, 1)) == 1; }
    // Drops up to n unread items; returns how many.
    std::size_t skip(std::size_t n) noexcept RT_SAFE {
        n = std::min(n, readable());
        read_.store(read_.load(std::memory_order_relaxed) + n, std::memory_order_release);
        return n;
    }

  private:
    std::vector<T> items_;
    alignas(64) std::atomic<std::size_t> written_{0};
    alignas(64) std::atomic<std::size_t> read_{0};
};

// Holds at most one thing; the newest posted wins and the one it replaced comes back to its poster to be freed.
template <class T>
class Mailbox {
  public:
    ~Mailbox() { delete slot_.load(); }
    std::unique_ptr<T> post(std::unique_ptr<T> item) {
        return std::unique_ptr<T>(slot_.exchange(item.release(), std::memory_order_acq_rel));
    }
    // Audio thread. The caller owns what it gets and gives it back through Retired.
    T* take() noexcept RT_SAFE {
        if (!slot_.load(std::memory_order_relaxed)) return nullptr;
        return slot_.exchange(nullptr, std::memory_order_acq_rel);
    }
    bool empty() const noexcept RT_SAFE { return !slot_.load(std::memory_order_acquire); }

  private:
    std::atomic<T*> slot_{nullptr};
};

// The newest of something small, for any thread to look at. Only one thread writes; a reader never keeps it waiting.
template <class T>
class Latest {
    static_assert(std::is_trivially_copyable_v<T>);

  public:
    void store(const T& item) noexcept RT_SAFE {
        std::array<std::uint64_t, words> plain{};
        std::memcpy(plain.data(), &item, sizeof item);
        const auto turn = turn_.load(std::memory_order_relaxed);
        turn_.store(turn + 1, std::memory_order_relaxed);  // odd: being written
        for (std::size_t i = 0; i < words; ++i) words_[i].store(plain[i], std::memory_order_release);
        turn_.store(turn + 2, std::memory_order_release);
    }
    T load() const noexcept {
        std::array<std::uint64_t, words> plain{};
        for (;;) {
            const auto turn = turn_.load(std::memory_order_acquire);
            // Who sees a word of the next writing sees its odd turn too: acquire pairs with the word's release.
            for (std::size_t i = 0; i < words; ++i) plain[i] = words_[i].load(std::memory_order_acquire);
            if (turn % 2 == 0 && turn_.load(std::memory_order_relaxed) == turn) break;
        }
        T item;
        std::memcpy(static_cast<void*>(&item), plain.data(), sizeof item);
        return item;
    }

  private:
    static constexpr std::size_t words = (sizeof(T) + 7) / 8;
    std::array<std::atomic<std::uint64_t>, words> words_{};
    std::atomic<std::uint64_t> turn_{0};
};

// Garbage on its way from the audio thread to the control thread, which frees it.
template <class T>
class Retired {
  public:
    Retired() = default;
    Retired(const Retired&) = delete;
    Retired& operator=(const Retired&) = delete;
    ~Retired() { collect(); }
    // False when the lane is full: keep the thing and try again next block.
    bool retire(T* item) noexcept RT_SAFE { return ring_.push(item); }
    bool room() const noexcept RT_SAFE { return ring_.writable() > 0; }
    // Control thread: what came back, to be freed by dropping it.
    std::vector<std::unique_ptr<T>> collect() {
        std::vector<std::unique_ptr<T>> all;
        for (T* item = nullptr; ring_.pop(item);) all.emplace_back(item);
        return all;
    }

  private:
    Ring<T*> ring_{64};
};

}  // namespace legume

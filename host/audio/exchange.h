// What the engine and the process that owns the sound card share: one request for sound at a time, and its answer.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "graph/node.h"

namespace legume {

struct Exchange {
    static constexpr int most_frames = 2048;  // of a request; a device that wants more asks again
    using Channels = std::array<std::array<float, most_frames>, max_channels>;
    std::atomic<std::uint32_t> asked{0};     // the card's: how many requests there were
    std::atomic<std::uint32_t> answered{0};  // the engine's: which of them it played last
    std::atomic<std::int32_t> frames{0};     // of the newest request
    std::atomic<std::uint64_t> xruns{0};     // of all the processes that have owned the card
    std::atomic<std::uint64_t> lapses{0};    // requests that the card could not wait for
    Channels in, out;
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free && std::atomic<std::uint64_t>::is_always_lock_free);

// The memory of one, which another process can be given: MAP_SHARED, no name, gone with the last that holds it.
class ExchangeMemory {
  public:
    ExchangeMemory();                   // a new one; throws std::runtime_error
    explicit ExchangeMemory(int file);  // another process's; the file stays the caller's
    ~ExchangeMemory();
    ExchangeMemory(const ExchangeMemory&) = delete;
    ExchangeMemory& operator=(const ExchangeMemory&) = delete;
    Exchange& operator*() const { return *exchange_; }
    int file() const { return file_; }

  private:
    void map(int file);
    int file_ = -1;
    Exchange* exchange_ = nullptr;
};

// Sleeps until the word is no longer `seen`, at the most so long; may wake for nothing. Across processes, no heap.
void wait_while(const std::atomic<std::uint32_t>& word, std::uint32_t seen,
                std::chrono::nanoseconds longest) noexcept RT_SAFE;
void wake(const std::atomic<std::uint32_t>& word) noexcept RT_SAFE;

}  // namespace legume

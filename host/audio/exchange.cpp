// Anonymous memory by memfd, and futexes, which unlike std::atomic's own waiting work between processes.
// SPDX-License-Identifier: MIT
#include "host/audio/exchange.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <new>
#include <stdexcept>
#include <string>

namespace legume {

ExchangeMemory::ExchangeMemory() : file_(::memfd_create("legume-exchange", MFD_CLOEXEC)) {
    if (file_ < 0 || ::ftruncate(file_, sizeof(Exchange)) != 0) {
        const std::string why = std::strerror(errno);
        if (file_ >= 0) ::close(file_);
        throw std::runtime_error("no memory to share with the sound card's process: " + why);
    }
    map(file_);
    new (exchange_) Exchange;
}

ExchangeMemory::ExchangeMemory(int file) { map(file); }

ExchangeMemory::~ExchangeMemory() {
    ::munmap(exchange_, sizeof(Exchange));
    if (file_ >= 0) ::close(file_);
}

void ExchangeMemory::map(int file) {
    void* memory = ::mmap(nullptr, sizeof(Exchange), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) {
        const std::string why = std::strerror(errno);
        if (file_ >= 0) ::close(file_);
        throw std::runtime_error("the memory shared with the sound card's process is not to be had: " + why);
    }
    exchange_ = static_cast<Exchange*>(memory);
}

void wait_while(const std::atomic<std::uint32_t>& word, std::uint32_t seen, std::chrono::nanoseconds longest) noexcept {
    if (longest.count() <= 0) return;
    const timespec time{static_cast<time_t>(longest.count() / 1'000'000'000),
                        static_cast<long>(longest.count() % 1'000'000'000)};
    ::syscall(SYS_futex, &word, FUTEX_WAIT, seen, &time, nullptr, 0);
}

void wake(const std::atomic<std::uint32_t>& word) noexcept {
    ::syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace legume

// Where the threads of MIDI and OSC leave what came, for the control thread to take.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "host/control/midi_event.h"
#include "host/system/peer.h"

namespace legume {

struct OscPacket {
    std::vector<std::uint8_t> bytes;
    OscPeer sender;
};
struct Notice {  // a line for the player
    std::string text;
};
using Mail = std::variant<MidiMessage, OscPacket, Notice>;

class Inbox {
  public:
    // Any thread but the audio thread. A flood beyond what fits is dropped, the oldest first, and counted: newest wins.
    void post(Mail mail) {
        {
            const std::lock_guard lock(mutex_);
            bytes_ += weight(mail);
            mail_.push_back(std::move(mail));
            for (; mail_.size() > most || bytes_ > most_bytes; ++dropped_) {
                bytes_ -= weight(mail_.front());
                mail_.pop_front();
            }
        }
        came_.notify_one();
    }
    // Everything that waits, after at most `patience`. A flood is taken up once in a millisecond and not at every
    // packet, so that of what was sent to one address meanwhile the newest alone is played; what comes alone is taken
    // at once.
    std::deque<Mail> take(std::chrono::milliseconds patience) {
        std::unique_lock lock(mutex_);
        if (!came_.wait_for(lock, patience, [&] { return !mail_.empty(); })) return {};
        if (std::chrono::steady_clock::now() < rest_) {
            lock.unlock();
            std::this_thread::sleep_until(rest_);
            lock.lock();
        }
        rest_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
        bytes_ = 0;
        return std::exchange(mail_, {});
    }
    std::uint64_t dropped() {
        const std::lock_guard lock(mutex_);
        return dropped_;
    }

  private:
    static constexpr std::size_t most = 16384;
    static constexpr std::size_t most_bytes = 16 << 20;  // of OSC, whose packets may be long
    static std::size_t weight(const Mail& mail) {
        const auto* packet = std::get_if<OscPacket>(&mail);
        return packet ? packet->bytes.size() : 0;
    }
    std::chrono::steady_clock::time_point rest_{};  // the taker's
    std::mutex mutex_;
    std::condition_variable came_;
    std::deque<Mail> mail_;
    std::size_t bytes_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace legume

// Where the threads of MIDI and OSC leave what came, for the control thread to take.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

#include "host/midi/midi.h"
#include "host/osc/socket.h"

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
            if (mail_.size() >= most) {
                mail_.pop_front();
                ++dropped_;
            }
            mail_.push_back(std::move(mail));
        }
        came_.notify_one();
    }
    // Everything that waits, after at most `patience`.
    std::deque<Mail> take(std::chrono::milliseconds patience) {
        std::unique_lock lock(mutex_);
        came_.wait_for(lock, patience, [&] { return !mail_.empty(); });
        return std::exchange(mail_, {});
    }
    std::uint64_t dropped() {
        const std::lock_guard lock(mutex_);
        return dropped_;
    }

  private:
    static constexpr std::size_t most = 16384;
    std::mutex mutex_;
    std::condition_variable came_;
    std::deque<Mail> mail_;
    std::uint64_t dropped_ = 0;
};

}  // namespace legume

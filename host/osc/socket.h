// The UDP socket that OSC packets come to and replies leave from. It knows bytes, not messages.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/system/peer.h"

namespace legume {

class OscSocket {
  public:
    enum class Listen { loopback, lan };  // this computer alone, or every network that it is on
    // Called on the socket's thread: take the bytes and be gone.
    using OnPacket = std::function<void(std::span<const std::uint8_t> bytes, const OscPeer& sender)>;

    // Port 0 takes a free one. Throws std::runtime_error when the port is taken or not allowed.
    OscSocket(Listen listen, int port, OnPacket on_packet);
    ~OscSocket();  // no packet comes after it
    OscSocket(const OscSocket&) = delete;
    OscSocket& operator=(const OscSocket&) = delete;

    int port() const;
    // Any thread: packets that the system threw away, because they came faster than they were read. Nothing where it
    // does not tell.
    std::optional<std::uint64_t> lost() const;
    // Any thread; never waits. Lost when it is longer than UDP carries, or 256 are already waiting.
    void send(std::vector<std::uint8_t> bytes, const OscPeer& to);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// This computer's IPv4 addresses on its networks, for the line that says how another computer reaches it.
std::vector<std::string> own_addresses();

}  // namespace legume

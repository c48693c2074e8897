// Packets as fast as another program sends them: nothing of them waits, and none is lost on this side.
// SPDX-License-Identifier: MIT
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>
#include <vector>

namespace legume::test {

class Burst {
  public:
    explicit Burst(int port) : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        to.sin_port = htons(static_cast<std::uint16_t>(port));
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
            throw std::runtime_error("no UDP on this machine");
    }
    ~Burst() { ::close(socket_); }
    Burst(const Burst&) = delete;
    Burst& operator=(const Burst&) = delete;
    void send(const std::vector<std::uint8_t>& packet) {
        if (::send(socket_, packet.data(), packet.size(), 0) != static_cast<ssize_t>(packet.size()))
            throw std::runtime_error("a packet was not sent");
    }

  private:
    const int socket_;
};

}  // namespace legume::test

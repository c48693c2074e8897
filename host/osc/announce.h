// Names this session on the network, so that other programs list it and nobody types an address (DNS-SD, RFC 6763).
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "host/osc/socket.h"

namespace legume {

struct AnnouncedService {
    const char* type;  // "_osc._udp"
    int port;
};

// Through the machine's Avahi daemon, on a thread of its own. Without a daemon, or built without its library, it does
// nothing; a daemon that comes later is told then. To this computer alone when OSC listens to no other.
class Announcement {
  public:
    Announcement(std::string name, std::vector<AnnouncedService> services, OscSocket::Listen listen);
    ~Announcement();  // takes the name back
    Announcement(const Announcement&) = delete;
    Announcement& operator=(const Announcement&) = delete;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace legume

// OSC's part of a live session: its socket, what addresses mean, and the answers to who asks.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "host/control/commands.h"
#include "host/control/controls.h"
#include "host/control/inbox.h"
#include "host/every.h"
#include "host/osc/router.h"
#include "host/osc/socket.h"

namespace legume {

struct OscSettings {
    int port = 9770;
    OscSocket::Listen listen = OscSocket::Listen::loopback;
};

// Control thread.
class OscControl {
  public:
    using Say = std::function<void(const std::string&)>;
    // What comes is left in the inbox, from which the session brings it to take(). Throws as OscSocket does.
    OscControl(const OscSettings& settings, Controls& controls, const Commands& commands, Inbox& inbox, Say say);
    void bind() { router_.bind(); }  // after every edit, and after the controls
    void take(const OscPacket& packet);
    std::uint64_t refused() const { return bad_ + router_.refused(); }

  private:
    void answer(const std::string& address, const std::string& text, OscPeer to);
    void refuse(const std::string& reason, const OscPeer& sender);
    std::string take(const OscMessage& message, const OscPeer& sender);

    const Commands& commands_;
    const Say say_;
    OscRouter router_;
    std::map<std::uint32_t, std::uint16_t> reply_ports_;  // by sender: /legume/reply-to
    std::uint64_t bad_ = 0;
    int answers_left_ = 0;  // bounded a second, so that a flood of mistakes is not answered by a flood
    Every answers_refill_{1000};
    OscSocket socket_;  // last: no packet comes once the rest goes
};

}  // namespace legume

// OSCQuery: what plays, told to programs that ask, so that nobody types an address.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "host/control/controls.h"
#include "host/control/inbox.h"
#include "host/osc/settings.h"

namespace legume {

// Control thread. HTTP and WebSocket on a port of their own threads; what they ask about is a copy, refreshed here.
class OscQuery {
  public:
    // On the TCP port of the number that OSC has in UDP. Throws std::runtime_error when that is taken.
    OscQuery(const OscSettings& settings, int osc_port, Controls& controls, Inbox& inbox);
    ~OscQuery();
    OscQuery(const OscQuery&) = delete;
    OscQuery& operator=(const OscQuery&) = delete;
    int port() const;
    void bind();  // after every edit, and after the controls: tells what came and went
    void tick();  // often

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace legume

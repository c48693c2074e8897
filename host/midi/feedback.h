// Values on their way back to the controller: rings, lights and motor faders show where a param is.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "host/midi/router.h"
#include "host/system/every.h"

namespace legume {

// Control thread. A control that stands where the param is gets no echo of its own move.
class MidiFeedback {
  public:
    using Send = std::function<void(std::string_view port, std::span<const std::uint8_t> bytes)>;
    MidiFeedback(MidiRouter& router, Send send) : router_(router), send_(std::move(send)) {}
    bool wanted();  // by any binding
    void tick() {   // as often as may be: each control hears at most 50 times a second
        if (pace_.due()) send();
    }
    void send();   // what differs from what the controls show
    void again();  // a port is new: it shows nothing yet

  private:
    MidiRouter& router_;
    const Send send_;
    Every pace_{20};
};

}  // namespace legume

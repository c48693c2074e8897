// Who is told what plays: params and meters, as one number at each address, whenever it has changed.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "host/control/controls.h"
#include "host/system/peer.h"

namespace legume {

// Control thread.
class Subscriptions {
  public:
    using Clock = std::chrono::steady_clock;
    using Send = std::function<void(const std::string& address, float value, const OscPeer& to)>;
    Subscriptions(const Controls& controls, Send send) : controls_(controls), send_(std::move(send)) {}

    // `pattern` is an address or a pattern of them, `hertz` 1 to 100. What is wrong, with its next step; else empty,
    // and all values go out with the next tick(). The same once more changes the rate and sends all anew.
    // `as` stands for the address, where the pattern is one that has another name there.
    std::string add(const std::string& pattern, double hertz, const OscPeer& to, const std::string& as = "");
    // Nothing for all that this peer has.
    std::string remove(const std::string& pattern, const OscPeer& from);
    void bind();                       // after every edit, and after the controls
    void tick(Clock::time_point now);  // often: sends what has changed and is due, a hundred values at the most

  private:
    struct Watched {
        Target target;
        std::string address;
        float sent;  // NaN: nothing yet
    };
    struct Subscription {
        std::string pattern, as;
        OscPeer to;
        Clock::duration period;
        Clock::time_point next;
        std::vector<Watched> watched;
    };
    void look_up(Subscription& subscription) const;
    const Controls& controls_;
    const Send send_;
    std::vector<Subscription> all_;
};

}  // namespace legume

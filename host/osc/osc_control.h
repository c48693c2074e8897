// OSC's part of a live session: its socket, what addresses mean, and the answers to who asks.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graph/base/say.h"
#include "host/control/commands.h"
#include "host/control/controls.h"
#include "host/control/inbox.h"
#include "host/osc/announce.h"
#include "host/osc/oscquery.h"
#include "host/osc/router.h"
#include "host/osc/settings.h"
#include "host/osc/socket.h"
#include "host/osc/subscriptions.h"
#include "host/osc/time_tags.h"
#include "host/system/every.h"

namespace legume {

// Control thread.
class OscControl final : public Follower {
  public:
    using Numbers = std::vector<std::pair<std::string, double>>;
    // What comes is left in the inbox, from which the session brings it to take(). Throws as OscSocket does.
    OscControl(const OscSettings& settings, Controls& controls, const Commands& commands, Inbox& inbox, Say say);
    void bind(bool another) override;
    // What sets params waits until flush(): of many at one address from one sender only the newest is played, so that
    // a flood costs little. Whatever else comes is played at once, after what waits; nothing overtakes.
    void take(const OscPacket& packet);
    void flush();
    void tick() override;  // flushes, plays what was held until its time, and sends to who subscribed
    std::chrono::milliseconds patience() const;  // until tick() is wanted, at most 10
    std::function<Numbers()> stats;              // what /legume/stats tells besides OSC's own
    std::uint64_t refused() const { return bad_ + router_.refused(); }
    std::string summary()
        const override;  // "; OSC: 100 messages, 90 of them overtaken by newer ones"; empty when none came
    int port() const { return socket_.port(); }
    int query_port() const { return query_ ? query_->port() : 0; }

  private:
    using Clock = std::chrono::steady_clock;
    struct Pending {
        std::string address;
        float number;
        OscPeer sender;
    };
    void answer(const std::string& address, std::vector<OscArgument> args, OscPeer to);
    void refuse(const std::string& reason, const OscPeer& sender);
    bool may_answer();
    void open(const OscPacket& packet);
    void play(const OscMessage& message, const OscPeer& sender);
    std::string command(const OscMessage& message, const OscPeer& sender);
    std::string subscribe(const OscMessage& message, const OscPeer& sender);
    void tell_stats(const OscPeer& sender);
    void bind_sends();

    const Commands& commands_;
    const OscSettings settings_;
    const Say say_;
    OscRouter router_;
    std::vector<Pending> pending_;
    Subscriptions subscriptions_, sends_;  // who asked, and what the patch says
    struct Fixed {
        std::string address, as;
        float rate;
        OscPeer to;
        bool operator==(const Fixed&) const = default;
    };
    std::vector<Fixed> sent_;
    TimeTags time_tags_;
    std::multimap<Clock::time_point, OscPacket> held_;
    std::map<std::uint32_t, std::uint16_t> reply_ports_;  // by sender: /legume/reply-to
    std::uint64_t bad_ = 0, messages_ = 0, overtaken_ = 0, messages_before_ = 0, a_second_ = 0;
    std::atomic<std::uint64_t> not_allowed_{0};
    int answers_left_ = 0;  // bounded a second, so that a flood of mistakes is not answered by a flood
    Every answers_refill_{1000}, rate_{1000};
    std::unique_ptr<OscQuery> query_;  // none: not wished for, or its port is taken
    OscSocket socket_;                 // after what it calls: no packet comes once the rest goes
    std::optional<Announcement> announcement_;
};

}  // namespace legume

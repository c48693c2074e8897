// The transport's part of a live session: taps, MIDI clock that comes in, and what can be asked of it by name.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "graph/base/say.h"
#include "host/control/clock_in.h"
#include "host/control/clock_out.h"
#include "host/control/commands.h"
#include "host/control/controls.h"
#include "host/control/midi_event.h"
#include "host/control/tap.h"

namespace legume {

// "12.3 at 96 bpm": the third beat of bar 12; "halted" when it does not run.
std::string print_time(const TransportTime& time);

// Control thread. Times are seconds of the steady clock.
class TransportControl final : public Follower {
  public:
    using Now = std::function<double()>;
    using Look = std::function<CallbackTime()>;
    TransportControl(Controls& controls, Commands& commands, Say say);
    TransportControl(Controls& controls, Commands& commands, Say say, Now now, Look look);
    void bind(bool another) override;
    void take(const MidiEvent& event, std::string_view port, double seconds);
    void tick() override;  // notices a clock that stopped coming
    static double steady_seconds();
    // From now on, while the patch asks for it, MIDI clock goes out, late by as much as the sound. `send` is called on
    // a thread of its own.
    using Send = std::function<void(const std::string& port, std::span<const std::uint8_t>)>;
    void send_clock(Send send, double latency);

  private:
    void move(const char* member, double value);
    void fire(const char* member);
    void follow();
    std::string locate(const CommandArguments& arguments);
    void open_out();

    const Say say_;
    const Now now_;
    const Look look_;
    Tap tap_;
    ClockSetting setting_;
    ClockIn clock_;
    std::string port_;     // whose clock it is, as long as it comes
    bool lost_ = true;     // and has been said to be
    bool begins_ = false;  // start or continue was heard: the next tick is the beat
    bool anew_ = false;    // it was a start
    int ticks_ = 0;        // since it was followed last
    double behind_ = 0;    // beats, smoothed
    double asked_ = 0;     // beats a minute
    Send send_;
    double latency_ = 0;
    std::unique_ptr<ClockOut> out_;
    double jumped_ = -1e9;  // when it was put right by a jump
};

}  // namespace legume

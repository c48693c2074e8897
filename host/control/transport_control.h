// The transport's part of a live session: taps, MIDI clock that comes in, and what can be asked of it by name.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "host/control/clock_in.h"
#include "host/control/commands.h"
#include "host/control/controls.h"
#include "host/control/tap.h"
#include "host/midi/midi.h"

namespace legume {

// Control thread. Times are seconds of the steady clock.
class TransportControl {
  public:
    using Say = std::function<void(const std::string&)>;
    using Now = std::function<double()>;
    TransportControl(Controls& controls, Commands& commands, Say say, Now now = steady_seconds);
    void bind();  // after every edit
    void take(const MidiEvent& event, std::string_view port, double seconds);
    void tick();  // often: notices a clock that stopped coming
    static double steady_seconds();

  private:
    void move(const char* member, double value);
    void fire(const char* member);
    void follow();
    std::string locate(const CommandArguments& arguments);

    Controls& controls_;
    const Say say_;
    const Now now_;
    Tap tap_;
    ClockSetting setting_;
    ClockIn clock_;
    std::string port_;          // whose clock it is, as long as it comes
    bool lost_ = true;          // and has been said to be
    bool begins_ = false;       // start or continue was heard: the next tick is the beat
    bool anew_ = false;         // it was a start
    int ticks_ = 0;             // since it was followed last
    double behind_ = 0;         // beats, smoothed
    double asked_ = 0;          // beats a minute
    std::uint64_t jumped_ = 0;  // no later than which frame it was put right
};

}  // namespace legume

// MIDI events that take several messages: 14-bit controllers, NRPN and RPN, gathered for each port and channel.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/control/midi_event.h"

namespace legume {

// MIDI 1.0, "Control Change Messages". A coarse half alone works too: until a control has sent a fine half, its coarse
// one stands for both, so that 127 is the very end.
class MidiAssembler {
  public:
    // The event itself, and whatever it made whole: of kind cc14, nrpn, rpn or a step of these.
    std::vector<MidiEvent> take(const MidiEvent& event, std::string_view port);
    void forget(std::string_view port);  // which is gone

  private:
    struct Channel {
        std::array<std::int16_t, 32> coarse;  // -1: not heard yet
        std::bitset<32> fine;                 // has sent its fine half
        MidiEvent::Kind kind = MidiEvent::Kind::nrpn;
        std::array<int, 2> parameter{-1, -1};  // coarse and fine half of what data entry is for
        int data = -1;                         // its coarse half; -1: not heard yet
        bool data_fine = false;
        Channel() { coarse.fill(-1); }
    };
    static void controller(Channel& channel, const MidiEvent& event, std::vector<MidiEvent>& whole);
    static void data_entry(Channel& channel, const MidiEvent& event, std::vector<MidiEvent>& whole);
    std::map<std::string, std::array<Channel, 16>, std::less<>> ports_;
};

// Controllers that carry or select a parameter (MIDI 1.0, "Control Change Messages", table III).
constexpr int data_coarse = 6, data_fine = 38, data_up = 96, data_down = 97, nrpn_fine = 98, nrpn_coarse = 99,
              rpn_coarse = 101;

// Whether the controller only says which parameter the data that follows are for.
constexpr bool selects_parameter(int controller) { return controller >= nrpn_fine && controller <= rpn_coarse; }

constexpr bool is_step(const MidiEvent& event) {
    return event.kind == MidiEvent::Kind::nrpn_step || event.kind == MidiEvent::Kind::rpn_step;
}
// Whether it says where the parameter stands, or that it steps.
constexpr bool is_nrpn(const MidiEvent& event) {
    return event.kind == MidiEvent::Kind::nrpn || event.kind == MidiEvent::Kind::nrpn_step;
}
constexpr bool is_rpn(const MidiEvent& event) {
    return event.kind == MidiEvent::Kind::rpn || event.kind == MidiEvent::Kind::rpn_step;
}

// Where the event stands in its own range, 0 to 1; a bend's middle is exactly a half.
float share_of(const MidiEvent& event);

}  // namespace legume

// What a controller says, as bytes and as their meaning.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace legume {

struct MidiMessage {
    std::string port;                 // its name without the system's numbers
    std::vector<std::uint8_t> bytes;  // one message
    double time = 0;                  // seconds of the steady clock when it came
};

// One message's meaning, or that of several. Channels count from 1, as players do.
struct MidiEvent {
    enum class Kind {
        note_off,
        note_on,
        key_pressure,
        cc,
        cc14,  // these five are made of several messages, by MidiAssembler
        nrpn,
        rpn,
        nrpn_step,  // data increment and decrement: where it stands is not said
        rpn_step,
        program,
        pressure,
        bend,  // of a channel
        song_position,
        clock,
        start,
        resume,
        stop,
        sensing,
        reset  // of the whole port
    };
    Kind kind = Kind::cc;
    int channel = 0;  // 1 to 16; 0: the whole port
    int number = 0;   // note, controller or program, 0 to 127; nrpn and rpn: 0 to 16383
    int value =
        0;  // 0 to 127; bend: -8192 to 8191; song position: sixteenths, and cc14, nrpn, rpn: 0 to 16383; steps: 1 or -1
    bool operator==(const MidiEvent&) const = default;
};

}  // namespace legume

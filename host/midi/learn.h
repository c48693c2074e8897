// MIDI learn: name a param, move a knob, and they belong together.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "graph/base/say.h"
#include "host/control/commands.h"
#include "host/control/controls.h"
#include "host/midi/dialect.h"
#include "host/midi/midi.h"

namespace legume {

// Control thread.
class MidiLearn {
  public:
    // `target`, from the start: "node/param", "next" for what OSC moves next, or nothing. The binding goes into the
    // file beside the patch that plays, which is then loaded as any edit.
    MidiLearn(const std::string& target, Controls& controls, Commands& commands, Say say);
    // What a message is and has made whole. True when it was waited for: it is then no one else's.
    bool take(std::span<const MidiEvent> events, std::string_view port);

  private:
    std::string wait_for(std::string target);  // gives what is wrong with it
    Controls& controls_;
    struct Turned {  // a controller of which it is not yet sure whether it is a fader
        MidiSource control;
        std::string port;
        Dialect dialect;
        bool said = false;
    };
    bool is_sure(MidiSource& control, int value, std::string_view port);
    const Say say_;
    std::optional<Turned> turned_;
    bool armed_;
    std::string target_;  // empty: nothing is learned now
};

}  // namespace legume

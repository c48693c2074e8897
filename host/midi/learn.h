// MIDI learn: name a param, move a knob, and they belong together.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "host/control/commands.h"
#include "host/control/controls.h"
#include "host/midi/assemble.h"

namespace legume {

struct LearnSettings {
    std::filesystem::path patch;  // the binding goes into the file beside it, which is then loaded as any edit
    std::string target;           // from the start: "node/param", "next" for what OSC moves next, or nothing
};

// Control thread.
class MidiLearn {
  public:
    using Say = std::function<void(const std::string&)>;
    MidiLearn(const LearnSettings& settings, Controls& controls, Commands& commands, Say say);
    // True when it was waited for: the event is then no one else's.
    bool take(const MidiEvent& event, std::string_view port);

  private:
    std::string wait_for(std::string target);  // gives what is wrong with it
    const std::filesystem::path patch_;
    Controls& controls_;
    const Say say_;
    MidiAssembler assembler_;
    bool armed_;
    std::string target_;  // empty: nothing is learned now
};

}  // namespace legume

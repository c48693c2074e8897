// What each MIDI event is bound to: knobs, keys and notes in, values and triggers out.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/control/controls.h"
#include "host/control/mapping.h"
#include "host/midi/midi.h"

namespace legume {

// Control thread.
class MidiRouter {
  public:
    explicit MidiRouter(Controls& controls) : controls_(controls) {}
    void bind();  // after every edit, and after the controls
    void take(const MidiEvent& event, std::string_view port);
    std::uint64_t refused() const { return refused_; }  // events that nothing is bound to

  private:
    struct Bound {
        Binding binding;
        Target target;
        Mapping mapping;
        int last_cc = 0;
    };
    Controls& controls_;
    std::vector<Bound> bound_;
    std::uint64_t refused_ = 0;
};

}  // namespace legume

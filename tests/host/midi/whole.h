// A part of MIDI's session that is handed single messages, made whole on the way as MidiControl does.
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "host/midi/assemble.h"

namespace legume::test {

template <class Part>
struct Whole : Part {
    using Part::Part;
    auto take(const MidiEvent& event, std::string_view port) { return Part::take(assembler.take(event, port), port); }
    void lose(std::string_view port) {
        assembler.forget(port);
        Part::lose(port);
    }
    MidiAssembler assembler;
};

}  // namespace legume::test

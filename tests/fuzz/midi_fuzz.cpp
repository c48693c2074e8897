// Any bytes as MIDI messages: each is an event within its limits, or nothing.
// SPDX-License-Identifier: MIT
#include <cstdint>
#include <cstdlib>

#include "host/midi/assemble.h"
#include "host/midi/midi.h"

using namespace legume;

// The first byte of each piece is its length, so that one input is many messages.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    MidiAssembler assembler;
    for (std::size_t at = 0; at < size;) {
        const std::size_t length = data[at] % 8;
        ++at;
        const auto n = length < size - at ? length : size - at;
        if (const auto event = parse_midi({data + at, n})) {
            const bool sound = event->channel >= 0 && event->channel <= 16 && event->number >= 0 &&
                               event->number <= 127 && event->value >= -8192 && event->value <= 16383;
            if (!sound) std::abort();
            for (const auto& whole : assembler.take(*event, "keys"))
                if (const float share = share_of(whole);
                    whole.kind != MidiEvent::Kind::song_position && !(share >= 0 && share <= 1))  // no fader sends it
                    std::abort();
        }
        at += n;
    }
    return 0;
}

// Bytes to MIDI events, by the MIDI 1.0 specification's table of status bytes.
// SPDX-License-Identifier: MIT
#include <cctype>

#include "host/midi/midi.h"

namespace legume {

std::optional<MidiEvent> parse_midi(std::span<const std::uint8_t> bytes) {
    using Kind = MidiEvent::Kind;
    if (bytes.empty() || bytes[0] < 0x80) return std::nullopt;
    for (std::size_t i = 1; i < bytes.size(); ++i)
        if (bytes[i] >= 0x80) return std::nullopt;
    const int status = bytes[0];
    const int first = bytes.size() > 1 ? bytes[1] : 0;
    const int second = bytes.size() > 2 ? bytes[2] : 0;
    const auto whole = [&](std::size_t length, MidiEvent event) {
        return bytes.size() == length ? std::optional(event) : std::nullopt;
    };
    const int channel = (status & 0x0f) + 1;
    switch (status & 0xf0) {
        case 0x80: return whole(3, {Kind::note_off, channel, first, second});
        case 0x90: return whole(3, {second > 0 ? Kind::note_on : Kind::note_off, channel, first, second});
        case 0xa0: return whole(3, {Kind::key_pressure, channel, first, second});
        case 0xb0: return whole(3, {Kind::cc, channel, first, second});
        case 0xc0: return whole(2, {Kind::program, channel, first, 0});
        case 0xd0: return whole(2, {Kind::pressure, channel, 0, first});
        case 0xe0: return whole(3, {Kind::bend, channel, 0, first + 128 * second - 8192});
        default: break;
    }
    switch (status) {
        case 0xf2: return whole(3, {Kind::song_position, 0, 0, first + 128 * second});
        case 0xf8: return whole(1, {Kind::clock});
        case 0xfa: return whole(1, {Kind::start});
        case 0xfb: return whole(1, {Kind::resume});
        case 0xfc: return whole(1, {Kind::stop});
        case 0xfe: return whole(1, {Kind::sensing});
        case 0xff: return whole(1, {Kind::reset});
        default: return std::nullopt;
    }
}

std::string midi_port_name(std::string full) {
    const auto space = full.rfind(' ');
    if (space == std::string::npos || space == 0) return full;
    int colons = 0;
    int digits = 0;
    for (std::size_t i = space + 1; i < full.size(); ++i) {
        if (full[i] == ':')
            ++colons;
        else if (std::isdigit(static_cast<unsigned char>(full[i])))
            ++digits;
        else
            return full;
    }
    if (colons != 1 || digits < 2) return full;
    full.resize(space);
    return full;
}

std::string midi_port_pair(std::string name) {
    for (const std::string_view side : {"capture", "playback"})
        if (const auto at = name.find(side); at != name.npos) return name.erase(at, side.size());
    return name;
}

}  // namespace legume

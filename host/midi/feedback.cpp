// Params' values in the controls' own numbers.
// SPDX-License-Identifier: MIT
#include "host/midi/feedback.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace legume {
namespace {

using Source = MidiSource::Kind;

bool is_wide(const MidiSource& midi) { return midi.fine || (midi.kind != Source::cc && midi.kind != Source::note); }

// Where the control would stand for the param's value.
int standing(const MidiRouter::Bound& bound) {
    const float share = bound.mapping.share(bound.target.param()->own());
    const auto whole = static_cast<int>(std::lround(share * (is_wide(*bound.binding.midi) ? 16383.0f : 127.0f)));
    return bound.binding.midi->kind == Source::bend ? whole - 8192 : whole;
}

}  // namespace

bool MidiFeedback::wanted() {
    const auto& all = router_.bound();
    return std::any_of(all.begin(), all.end(), [](const auto& bound) { return bound.binding.feedback; });
}

void MidiFeedback::again() {
    for (auto& bound : router_.bound()) bound.shown = MidiRouter::unknown;
}

void MidiFeedback::send() {
    for (auto& bound : router_.bound()) {
        if (!bound.binding.feedback) continue;
        const auto& midi = *bound.binding.midi;
        const int value = standing(bound);
        // A value that went along a curve and back may come out one step of 16384 away.
        if (std::abs(value - bound.shown) <= (is_wide(midi) ? 1 : 0)) continue;
        bound.shown = value;
        const int channel = midi.channel ? midi.channel : bound.heard ? bound.channel : 1;
        const auto say = [&](int status, int first, int second) {
            send_(midi.port, std::array{static_cast<std::uint8_t>(status | (channel - 1)),
                                        static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(second)});
        };
        const auto halves = [&](int coarse, int fine) {
            say(0xb0, coarse, value >> 7);
            say(0xb0, fine, value & 127);
        };
        switch (midi.kind) {
            case Source::note: say(0x90, midi.number, value); break;
            case Source::bend: say(0xe0, (value + 8192) & 127, (value + 8192) >> 7); break;
            case Source::nrpn:
            case Source::rpn:
                say(0xb0, midi.kind == Source::nrpn ? 99 : 101, midi.number >> 7);
                say(0xb0, midi.kind == Source::nrpn ? 98 : 100, midi.number & 127);
                halves(6, 38);
                break;
            default:
                if (midi.fine)
                    halves(midi.number, midi.number + 32);
                else
                    say(0xb0, midi.number, value);
        }
    }
}

}  // namespace legume

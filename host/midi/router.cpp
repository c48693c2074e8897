// Finds the bindings that hear an event and moves what they are bound to.
// SPDX-License-Identifier: MIT
#include "host/midi/router.h"

namespace legume {

void MidiRouter::bind() {
    bound_.clear();
    for (const auto& binding : controls_.runner().patch().bindings) {
        if (!binding.midi) continue;
        const auto* target = controls_.find(binding.to.node + "/" + binding.to.member);
        if (!target) continue;  // check() has refused such a patch
        Bound bound{binding, *target, {}};
        if (const auto* param = target->param()) bound.mapping = mapping_of(binding, param->range);
        bound_.push_back(bound);
    }
}

void MidiRouter::take(const MidiEvent& event, std::string_view port) {
    using Kind = MidiEvent::Kind;
    const bool note = event.kind == Kind::note_on || event.kind == Kind::note_off;
    bool taken = false;
    for (auto& bound : bound_) {
        if (!bound.binding.midi) continue;
        const auto& midi = *bound.binding.midi;
        if (midi.channel && midi.channel != event.channel) continue;
        if (!midi.port.empty() && port.find(midi.port) == port.npos) continue;
        const auto& target = bound.target;
        const bool is_param = target.param() != nullptr;
        const auto share = static_cast<float>(event.value) / 127.0f;
        if (midi.kind == MidiSource::Kind::cc && event.kind == Kind::cc && event.number == midi.number) {
            const auto source = "midi cc " + std::to_string(midi.number);
            if (is_param)
                controls_.move(target, bound.mapping.value(share), source);
            else if (bound.last_cc < 64 && event.value >= 64)  // a switch pressed, or a knob turned past its middle
                controls_.fire(target, source, bound.binding.quantise);
            bound.last_cc = event.value;
            taken = true;
        } else if (midi.kind == MidiSource::Kind::note && note && event.number == midi.number) {
            const bool on = event.kind == Kind::note_on;
            const auto source = "midi note " + std::to_string(midi.number);
            if (is_param)
                // Held at its velocity, released to the low end.
                controls_.move(target, bound.mapping.value(on ? share : 0.0f), source);
            else if (on)
                controls_.fire(target, source, bound.binding.quantise);
            taken = true;
        } else if (midi.kind == MidiSource::Kind::notes &&
                   (note || event.kind == Kind::bend || event.kind == Kind::pressure)) {
            NoteEvent e;
            e.number = event.number;
            e.value = share;
            e.kind = event.kind == Kind::note_on    ? NoteEvent::Kind::on
                     : event.kind == Kind::note_off ? NoteEvent::Kind::off
                     : event.kind == Kind::bend     ? NoteEvent::Kind::bend
                                                    : NoteEvent::Kind::pressure;
            if (e.kind == NoteEvent::Kind::bend)
                e.value = static_cast<float>(event.value) / 8192.0f * 2;  // +-2 semitones
            controls_.play(target, e, "midi notes");
            taken = true;
        }
    }
    if (!taken && (note || event.kind == Kind::cc)) {
        ++refused_;
        controls_.say((note ? "midi note " : "midi cc ") + std::to_string(event.number) + " is bound to nothing");
    }
}

}  // namespace legume

// Finds the bindings that hear an event and moves what they are bound to.
// SPDX-License-Identifier: MIT
#include "host/midi/router.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "host/midi/assemble.h"

namespace legume {
namespace {

using Kind = MidiEvent::Kind;
using Source = MidiSource::Kind;

constexpr int all_sound_off = 120, all_notes_off = 123;

bool is_key(const MidiEvent& event) { return event.kind == Kind::note_on || event.kind == Kind::note_off; }

bool hears(const MidiSource& midi, const MidiEvent& event, std::string_view port) {
    if (midi.channel && midi.channel != event.channel) return false;
    if (!midi.port.empty() && port.find(midi.port) == port.npos) return false;
    const bool number = midi.number == event.number;
    switch (midi.kind) {
        case Source::cc: return event.kind == (midi.fine ? Kind::cc14 : Kind::cc) && number;
        case Source::nrpn: return is_nrpn(event) && number;
        case Source::rpn: return is_rpn(event) && number;
        case Source::note: return is_key(event) && number;
        case Source::notes: return is_key(event) || event.kind == Kind::bend || event.kind == Kind::pressure;
        case Source::pressure:
            return midi.number == MidiSource::all ? event.kind == Kind::pressure
                                                  : event.kind == Kind::key_pressure && number;
        case Source::bend: return event.kind == Kind::bend;
        case Source::program: return event.kind == Kind::program && (midi.number == MidiSource::all || number);
    }
    return false;
}

int clicks(MidiSource::Relative dialect, int value) {
    switch (dialect) {
        case MidiSource::Relative::twos: return value < 64 ? value : value - 128;
        case MidiSource::Relative::offset: return value - 64;
        case MidiSource::Relative::sign: return value < 64 ? value : 64 - value;
        case MidiSource::Relative::no: break;
    }
    return 0;
}

// How many places the binding has in its range; 0: as many as there are.
int places(const MidiRouter::Bound& bound) {
    if (bound.binding.steps) return bound.binding.steps;
    const auto& span = bound.mapping.span;
    return span.unit == Unit::count ? static_cast<int>(std::min(span.max - span.min, 16383.0f)) + 1 : 0;
}

// The share of the range for one click of an encoder.
float step(const MidiRouter::Bound& bound) {
    const int of = places(bound);
    return bound.binding.step.value_or(1.0f / static_cast<float>(of > 1 ? of - 1 : 127));
}

}  // namespace

std::string name_of(const MidiSource& midi) {
    const auto numbered = [&](const char* kind) { return std::string(kind) + " " + std::to_string(midi.number); };
    switch (midi.kind) {
        case Source::cc: return numbered("midi cc");
        case Source::nrpn: return numbered("midi nrpn");
        case Source::rpn: return numbered("midi rpn");
        case Source::note: return numbered("midi note");
        case Source::notes: return "midi notes";
        case Source::pressure: return midi.number == MidiSource::all ? "midi pressure" : numbered("midi pressure");
        case Source::bend: return "midi bend";
        case Source::program: return midi.number == MidiSource::all ? "midi program" : numbered("midi program");
    }
    return {};
}

void MidiRouter::bind(bool another) {
    auto before = std::exchange(bound_, {});
    if (another) before.clear();
    for (const auto& binding : controls_.runner().patch().bindings) {
        if (!binding.midi) continue;
        const auto* target = controls_.find(binding.to);
        if (!target) continue;  // check() has refused such a patch
        Bound bound{binding, *target, {}, Fader(binding.mode), 0, 0, false, {}};
        if (const auto* param = target->param()) {
            bound.mapping = mapping_of(binding, param->range);
            bound.own = param->own();
        }
        if (another) bound.fader.lose();
        const auto same = std::find_if(before.begin(), before.end(), [&](const Bound& old) {
            return old.binding == binding && old.target.name == target->name;
        });
        if (same != before.end()) {
            bound.fader = same->fader;
            bound.own = same->own;
            bound.share = same->share;
            bound.heard = same->heard;
            bound.port = same->port;
            bound.channel = same->channel;
            bound.shown = same->shown;
        }
        bound_.push_back(std::move(bound));
    }
}

void MidiRouter::take(std::span<const MidiEvent> events, std::string_view port) {
    const auto& event = events.front();
    const Key key{port, event.channel, event.number};
    if (event.kind == Kind::note_on) held_.insert(key);
    if (event.kind == Kind::note_off) held_.erase(key);
    const bool panic = event.kind == Kind::cc && (event.number == all_sound_off || event.number == all_notes_off);
    if (panic) release(port, event.channel);
    bool taken = panic || event.kind == Kind::reset;
    for (const auto& each : events) taken = give(each, port) || taken;
    if (taken) return;
    const auto& last = events.back().kind == Kind::cc14 ? event : events.back();
    std::string what;
    if (is_key(event)) what = "midi note ";
    if (is_nrpn(last)) what = "midi nrpn ";
    if (is_rpn(last)) what = "midi rpn ";
    if (last.kind == Kind::program) what = "midi program ";
    if (last.kind == Kind::cc && !selects_parameter(last.number)) what = "midi cc ";
    if (what.empty()) return;
    ++refused_;
    controls_.say(what + std::to_string(last.number) + " is bound to nothing");
}

bool MidiRouter::give(const MidiEvent& event, std::string_view port) {
    bool taken = false;
    for (auto& bound : bound_) {
        if (!hears(*bound.binding.midi, event, port)) continue;
        taken = true;
        if (bound.port != port) bound.port = port;
        bound.channel = event.channel;
        // A key's light and an encoder's ring do not follow the hand by themselves.
        const bool stands = !is_key(event) && !is_step(event) && bound.binding.press == Press::hold &&
                            bound.binding.midi->relative == MidiSource::Relative::no;
        bound.shown = stands ? event.value : unknown;
        if (bound.binding.midi->kind == Source::notes)
            play(bound, event);
        else if (bound.target.param())
            move(bound, event);
        else
            fire(bound, event);
        bound.share = event.kind == Kind::note_off ? 0 : share_of(event);
        bound.heard = true;
    }
    return taken;
}

void MidiRouter::play(Bound& bound, const MidiEvent& event) {
    NoteEvent note;
    note.number = event.number;
    note.value = event.kind == Kind::bend ? 2 * share_of(event) - 1 : share_of(event);
    note.kind = event.kind == Kind::note_on    ? NoteEvent::Kind::on
                : event.kind == Kind::note_off ? NoteEvent::Kind::off
                : event.kind == Kind::bend     ? NoteEvent::Kind::bend
                                               : NoteEvent::Kind::pressure;
    controls_.play(bound.target, note, name_of(*bound.binding.midi));
}

void MidiRouter::fire(Bound& bound, const MidiEvent& event) {
    // Of all else: a switch pressed, or a knob turned past its middle.
    const bool fires = event.kind == Kind::note_on || event.kind == Kind::program ||
                       (!is_key(event) && bound.share <= 0.5f && share_of(event) > 0.5f);
    if (fires) controls_.fire(bound.target, name_of(*bound.binding.midi), bound.binding.quantise);
}

void MidiRouter::move(Bound& bound, const MidiEvent& event) {
    const auto& midi = *bound.binding.midi;
    const auto& param = *bound.target.param();
    const auto source = name_of(midi);
    const float now = bound.mapping.share(param.own());
    const bool mine = param.own() == bound.own;
    const bool down = is_key(event) ? event.kind == Kind::note_on : share_of(event) > 0.5f;
    const bool was_down = is_key(event) ? !down : bound.share > 0.5f;
    // A deliberate gesture is a change even where it says what it said before.
    bool anew = true;
    std::optional<float> to;
    if (bound.binding.press == Press::toggle) {
        if (down && !was_down) to = now > 0.5f ? 0.0f : 1.0f;
    } else if (bound.binding.press == Press::momentary) {
        if (down != was_down || !bound.heard) to = down ? 1.0f : 0.0f;
    } else if (midi.relative != MidiSource::Relative::no || is_step(event)) {
        const int by = is_step(event) ? event.value : clicks(midi.relative, event.value);
        to = bound.fader.turn(static_cast<float>(by) * step(bound), now, mine);
    } else if (midi.kind == Source::cc || midi.kind == Source::nrpn || midi.kind == Source::rpn) {
        const bool waited = bound.fader.waits();
        const float share = share_of(event);
        to = bound.fader.move(share, now, mine);
        anew = waited;
        if (bound.fader.waits())
            controls_.say(source + " at " + param.range.print(bound.mapping.value(share)) + " waits for " +
                          bound.target.name + " " + param.range.print(param.own()) + ": turn it " +
                          (share < now ? "up" : "down"));
    } else if (midi.kind == Source::program) {
        const int of = places(bound) > 1 ? places(bound) : 128;
        to = static_cast<float>(event.number) / static_cast<float>(of - 1);
    } else {
        anew = false;
        to = event.kind == Kind::note_off ? 0.0f : share_of(event);
    }
    if (!to) return;
    if (const auto steps = static_cast<float>(bound.binding.steps); steps > 0)
        to = std::round(std::min(*to, 1.0f) * (steps - 1)) / (steps - 1);
    if (anew) controls_.runner().control().forget(source);
    if (controls_.move(bound.target, bound.mapping.value(*to), source)) bound.own = param.own();
}

void MidiRouter::let_go(const Key& key) {
    const auto& [port, channel, number] = key;
    give({Kind::note_off, channel, number, 0}, port);
}

void MidiRouter::release(std::string_view port, int channel) {
    for (auto it = held_.begin(); it != held_.end();) {
        if (std::get<0>(*it) != port || (channel && std::get<1>(*it) != channel)) {
            ++it;
            continue;
        }
        const auto key = *it;
        it = held_.erase(it);
        let_go(key);
    }
}

void MidiRouter::lose(std::string_view port) {
    release(port, 0);
    for (auto& bound : bound_) {
        if (!bound.heard || bound.port != port) continue;
        bound.fader.lose();
        bound.share = 0;
        if (bound.binding.press == Press::momentary)
            controls_.move(bound.target, bound.mapping.value(0), name_of(*bound.binding.midi));
    }
}

void MidiRouter::silence() {
    for (const auto& key : std::exchange(held_, {})) let_go(key);
}

}  // namespace legume

// What a patch says to those who play it: controllers, OSC, clock, scenes, cues and what goes out.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graph/base/range.h"
#include "graph/patch/value.h"

namespace legume {

struct MidiSource {
    enum class Kind { cc, nrpn, rpn, note, notes, pressure, bend, program };
    enum class Relative { no, twos, offset, sign };  // how an encoder says left and right
    static constexpr int all = -1;                   // of program: each; of pressure: the channel's
    Kind kind = Kind::cc;
    int number = 0;     // controller, key or program, 0..127, or parameter, 0..16383; unused for `notes` and `bend`
    int channel = 0;    // 1..16, 0 is any
    std::string port;   // part of the port's name; empty is any
    bool fine = false;  // of a cc: 14 bits, with the controller 32 above
    Relative relative = Relative::no;
    bool operator==(const MidiSource&) const = default;
};
// How a fader takes a param that something else has moved; encoders and keys need none of it.
enum class FaderMode { pickup, jump, scale };
// What a press does with a param.
enum class Press { hold, toggle, momentary };  // hold: as hard as it was pressed
struct OscSource {
    std::string address;
    bool operator==(const OscSource&) const = default;
};

// The lines of musical time that a trigger waits for: every so many beats or bars.
struct Grid {
    float step = 0;  // 0: none, it fires at once
    bool bars = false;
    bool operator==(const Grid&) const = default;
};

// Whose time the transport follows, and whether others follow ours.
struct ClockSetting {
    bool midi = false;               // its tempo and beat come as MIDI clock
    std::string port;                // part of the name of the port that it comes from; empty is any
    std::optional<std::string> out;  // MIDI clock goes to the port whose name has this in it; empty is all
    Place place;
    bool operator==(const ClockSetting& other) const {
        return midi == other.midi && port == other.port && out == other.out;
    }
};

// What arrives at a source is mapped from `from` onto `range` of the target param.
struct Binding {
    std::optional<MidiSource> midi;  // exactly one of the two
    std::optional<OscSource> osc;
    Endpoint to;
    std::optional<std::pair<Value, Value>> range;  // in the param's unit; the whole range when absent
    std::optional<std::pair<float, float>> from;   // OSC only: what arrives; 0..1 when `range` or `curve` is given
    std::optional<Curve> curve;                    // how it moves through the range; as the param does when absent
    Grid quantise;                                 // of a trigger: when it fires
    // MIDI only:
    FaderMode mode = FaderMode::pickup;
    Press press = Press::hold;
    int steps = 0;                                     // so many places in the range, 2 or more; 0: all there are
    std::optional<float> step;                         // of an encoder: share of the range for one click
    bool feedback = false;                             // the value goes back to the controller
    std::vector<std::pair<std::string, Place>> hands;  // which of these the text sets: they are for params alone
    Place curve_place, quantise_place;
    Place place;
    bool operator==(const Binding& other) const {
        return midi == other.midi && osc == other.osc && to == other.to && range == other.range && from == other.from &&
               curve == other.curve && quantise == other.quantise && mode == other.mode && press == other.press &&
               steps == other.steps && step == other.step && feedback == other.feedback;
    }
};

// A stretch of time, in seconds or in beats of the transport.
struct Span {
    double amount = 0;
    bool beats = false;
    double seconds(double tempo) const { return beats ? amount * 60 / tempo : amount; }
    bool operator==(const Span&) const = default;
};

// Params and where they stand; what a scene does not name stays.
struct Scene {
    std::string name;
    std::vector<std::pair<Endpoint, Value>> values;  // node.param, and the value in its unit
    std::optional<Span> over;                        // how long the way there takes; each param's own time when absent
    std::optional<int> program;                      // the MIDI program change that recalls it, 0..127
    bool stored = false;                             // by a player beside the patch: what it names may be gone
    Place place;
    bool operator==(const Scene& other) const {
        return name == other.name && values == other.values && over == other.over && program == other.program;
    }
};

// What a piece does by itself, and when.
struct Cue {
    enum class Kind { set, fire, scene, patch };
    Kind kind = Kind::set;
    double at = 0;  // seconds since the patch began, or the transport's bar, the first being 0
    bool bar = false;
    Endpoint to;               // of set and fire
    Value value;               // of set, in the param's unit
    std::string name;          // of a scene; of a patch its file, as written
    std::optional<Span> over;  // of set and scene
    Place place;               // of what is named
    bool operator==(const Cue& other) const {
        return kind == other.kind && at == other.at && bar == other.bar && to == other.to && value == other.value &&
               name == other.name && over == other.over;
    }
};

// Params and meters that go out by OSC while the patch plays.
struct SendSetting {
    std::string to;  // "127.0.0.1:7000"
    std::vector<Endpoint> values;
    float rate = 20;  // times a second at the most
    bool operator==(const SendSetting& other) const {
        return to == other.to && values == other.values && rate == other.rate;
    }
};

}  // namespace legume

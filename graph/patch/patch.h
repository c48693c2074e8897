// A patch as a value: nodes, wires, bindings and settings, each with the place in the text that it came from.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/range.h"

namespace legume {

// Where a text stands; line and column count from 1, 0 means "the file as a whole".
struct Place {
    std::string file;
    int line = 0;
    int column = 0;
};
std::string to_string(const Place&);  // "first.yaml:9:5"

// One thing wrong, in the player's words: the fact and the next step.
struct Problem {
    Place place;
    std::string message;
};
using Problems = std::vector<Problem>;
void tidy(Problems&);                   // in the order of the text, each once
std::string to_string(const Problem&);  // "first.yaml:9:5: crossfade has no port \"c\"; it has a, b"

// A value as it was written. Equality looks at the text alone, so that moving a line is no edit.
struct Value {
    enum class Kind { text, list, map };
    Kind kind = Kind::text;
    std::string text;
    std::vector<Value> items;                            // of a list
    std::vector<std::pair<std::string, Value>> entries;  // of a map
    Place place;

    // Out of line, because std::pair needs a whole type: a Value holds Values.
    Value();
    Value(const Value&);
    Value(Value&&) noexcept;
    Value& operator=(const Value&);
    Value& operator=(Value&&) noexcept;
    ~Value();
    const Value* find(std::string_view key) const;  // in a map; nullptr when absent
    bool operator==(const Value&) const;
};

struct Setting {
    std::string name;
    Value value;
    Place place;  // of the name
    bool operator==(const Setting& other) const { return name == other.name && value == other.value; }
};

struct PatchNode {
    std::string id;
    std::string type;
    std::vector<Setting> settings;
    Place place;       // of the id
    Place type_place;  // of the type's name
    const Setting* find(std::string_view name) const;
    bool operator==(const PatchNode& other) const {
        return id == other.id && type == other.type && settings == other.settings;
    }
};

// `node` or `node.member`; an empty member means the node's first In or Out.
struct Endpoint {
    std::string node;
    std::string member;
    Place place;
    bool operator==(const Endpoint& other) const { return node == other.node && member == other.member; }
};
std::string to_string(const Endpoint&);

struct Wire {
    Endpoint from;
    Endpoint to;
    std::optional<float> depth;  // only into a param: share of its whole range per 1.0 of signal; 1 when absent
    Place place;
    bool operator==(const Wire& other) const { return from == other.from && to == other.to && depth == other.depth; }
};

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

struct Patch {
    std::string file;                          // as given by the user; problems are printed with it
    std::vector<std::string> files;            // all that it was read from, itself first
    std::map<std::string, std::string> texts;  // what stood in them
    std::string title;
    std::string note;  // the file's first comment line that is no editor's line: what you hear
    std::optional<std::uint64_t> seed;
    std::optional<double> length_seconds;
    std::optional<double> tempo;      // beats a minute
    std::optional<double> bar_beats;  // what `meter` says, in quarters: 6/8 is 3
    ClockSetting clock;
    std::vector<PatchNode> nodes;
    std::vector<Wire> wires;
    std::vector<Binding> bindings;
    std::vector<Setting> ports;  // what a patch that plays this one as a node may wire, by name: "node.member"
    std::vector<Scene> scenes;
    std::vector<Cue> cues;
    std::vector<SendSetting> sends;

    const PatchNode* find(std::string_view id) const;
    bool operator==(const Patch& other) const {  // whether it sounds and plays the same
        return seed == other.seed && length_seconds == other.length_seconds && tempo == other.tempo &&
               bar_beats == other.bar_beats && clock == other.clock && nodes == other.nodes && wires == other.wires &&
               bindings == other.bindings && scenes == other.scenes && cues == other.cues && sends == other.sends;
    }
};

// Reads "a -> b.c -> d" whose first character stands at `place`; adds its wires or says what is wrong.
void parse_wires(std::string_view text, const Place& place, std::optional<float> depth, Patch& patch,
                 Problems& problems);
// Reads "node" or "node.member"; the node may be one of a patch within the patch: "strip/tone.cutoff".
std::optional<Endpoint> parse_endpoint(std::string_view text, const Place& place, Problems& problems);
bool valid_id(std::string_view id);      // [a-z][a-z0-9_-]*, and not "legume"
bool valid_path(std::string_view path);  // an id, or several with slashes between: a node of a patch within the patch

// What changed between two patches, in words for the player and in values for the runner.
struct Diff {
    std::vector<std::string> added, removed, replaced;         // node ids; replaced: another type or other options
    std::vector<std::pair<std::string, std::string>> changed;  // (node id, setting) of nodes that stay
    bool wires = false, bindings = false, scenes = false, cues = false, settings = false;
    bool empty() const;
};
Diff diff(const Patch& before, const Patch& after);

// The name closest to `wrong` by edit distance, or empty when nothing is near.
std::string nearest(std::string_view wrong, const std::vector<std::string>& names);
std::string join(const std::vector<std::string>& names, std::string_view separator = ", ");
// What to write instead: the name that is near, or else all that there are; `none` when there are none.
std::string instead_of(std::string_view wrong, const std::vector<std::string>& names, const std::string& none,
                       const std::string& list = "there are ");

}  // namespace legume

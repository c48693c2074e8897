// A patch as a value: nodes and wires, and what a session does with them, each with its place in the text.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/patch/session.h"
#include "graph/patch/value.h"
#include "graph/patch/words.h"

namespace legume {

struct Wire {
    Endpoint from;
    Endpoint to;
    std::optional<float> depth;  // only into a param: share of its whole range per 1.0 of signal; 1 when absent
    Place place;
    bool operator==(const Wire& other) const { return from == other.from && to == other.to && depth == other.depth; }
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
    std::vector<std::string> watched() const;    // its files and those by which nodes declare themselves
    bool operator==(const Patch& other) const {  // whether it sounds and plays the same
        return seed == other.seed && length_seconds == other.length_seconds && tempo == other.tempo &&
               bar_beats == other.bar_beats && clock == other.clock && nodes == other.nodes && wires == other.wires &&
               bindings == other.bindings && scenes == other.scenes && cues == other.cues && sends == other.sends;
    }
};

// Reads "a -> b.c -> d" whose first character stands at `place`; adds its wires or says what is wrong.
void parse_wires(std::string_view text, const Place& place, std::optional<float> depth, Patch& patch,
                 Problems& problems);
// What changed between two patches, in words for the player and in values for the runner.
struct Diff {
    std::vector<std::string> added, removed,
        replaced;  // node ids; replaced: of another type, or declaring other members
    std::vector<std::pair<std::string, std::string>> changed;  // (node id, setting) of nodes that stay
    bool wires = false, bindings = false, scenes = false, cues = false, settings = false;
    bool empty() const;
};
Diff diff(const Patch& before, const Patch& after);

}  // namespace legume

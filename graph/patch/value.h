// What a text says, and where: values, settings, ends of wires, and what is wrong with them.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace legume {

// Where a text stands; line and column count from 1, 0 means "the file as a whole".
struct Place {
    std::string file;
    int line = 0;
    int column = 0;
};
std::string to_string(const Place&);       // "first.yaml:9:5"
Place moved(Place place, std::size_t by);  // so many columns to the right

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
    // Of a node that declares what its files say, told by check(): these files, and a line for each such member.
    std::vector<std::string> declared_by = {};
    std::string declared = {};
    const Setting* find(std::string_view name) const;
    bool operator==(const PatchNode& other) const {
        return id == other.id && type == other.type && settings == other.settings && declared == other.declared;
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

// Reads "node" or "node.member"; the node may be one of a patch within the patch: "strip/tone.cutoff".
std::optional<Endpoint> parse_endpoint(std::string_view text, const Place& place, Problems& problems);
bool valid_id(std::string_view id);      // [a-z][a-z0-9_-]*, and not "legume"
bool valid_path(std::string_view path);  // an id, or several with slashes between: a node of a patch within the patch

}  // namespace legume

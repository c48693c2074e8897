// Patches as values: equality, differences, and the small language of wires.
// SPDX-License-Identifier: MIT
#include "graph/patch.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace legume {

std::string to_string(const Place& place) {
    if (place.line <= 0) return place.file;
    return place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

std::string to_string(const Problem& problem) { return to_string(problem.place) + ": " + problem.message; }

void tidy(Problems& problems) {
    std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
        return std::tie(a.place.file, a.place.line, a.place.column) <
               std::tie(b.place.file, b.place.line, b.place.column);
    });
    const auto same = [](const Problem& a, const Problem& b) { return to_string(a) == to_string(b); };
    problems.erase(std::unique(problems.begin(), problems.end(), same), problems.end());
}

std::string to_string(const Endpoint& end) { return end.member.empty() ? end.node : end.node + "." + end.member; }

Value::Value() = default;
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

const Value* Value::find(std::string_view key) const {
    for (const auto& [name, value] : entries)
        if (name == key) return &value;
    return nullptr;
}

bool Value::operator==(const Value& other) const {
    return kind == other.kind && text == other.text && items == other.items && entries == other.entries;
}

const Setting* PatchNode::find(std::string_view name) const {
    for (const auto& setting : settings)
        if (setting.name == name) return &setting;
    return nullptr;
}

const PatchNode* Patch::find(std::string_view id) const {
    for (const auto& node : nodes)
        if (node.id == id) return &node;
    return nullptr;
}

bool valid_id(std::string_view id) {
    if (id.empty() || id == "legume" || id.front() < 'a' || id.front() > 'z') return false;
    return std::all_of(id.begin(), id.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; });
}

bool valid_path(std::string_view path) {
    for (auto slash = path.find('/'); slash != path.npos; slash = path.find('/')) {
        if (!valid_id(path.substr(0, slash))) return false;
        path.remove_prefix(slash + 1);
    }
    return valid_id(path);
}

namespace {

bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

Place moved(Place place, std::size_t by) {
    place.column += static_cast<int>(by);
    return place;
}

}  // namespace

std::optional<Endpoint> parse_endpoint(std::string_view text, const Place& place, Problems& problems) {
    std::size_t start = 0;
    while (start < text.size() && blank(text[start])) ++start;
    std::size_t end = text.size();
    while (end > start && blank(text[end - 1])) --end;
    const auto name = text.substr(start, end - start);
    const auto dot = name.find('.');
    const auto node = name.substr(0, dot);
    const auto member = dot == name.npos ? std::string_view() : name.substr(dot + 1);
    const bool sound = valid_path(node) && (dot == name.npos || valid_id(member));
    if (!sound) {
        problems.push_back(
            {moved(place, start), "\"" + std::string(name) + "\" names no node; write node or node.port"});
        return {};
    }
    return Endpoint{std::string(node), std::string(member), moved(place, start)};
}

void parse_wires(std::string_view text, const Place& place, std::optional<float> depth, Patch& patch,
                 Problems& problems) {
    std::vector<std::optional<Endpoint>> ends;
    std::size_t at = 0;
    while (true) {
        const auto arrow = text.find("->", at);
        const auto part = text.substr(at, arrow == text.npos ? text.npos : arrow - at);
        ends.push_back(parse_endpoint(part, moved(place, at), problems));
        if (arrow == text.npos) break;
        at = arrow + 2;
    }
    if (ends.size() < 2) {
        if (ends[0]) problems.push_back({place, "a wire needs an arrow; write " + ends[0]->node + " -> other"});
        return;
    }
    for (std::size_t i = 0; i + 1 < ends.size(); ++i)
        if (ends[i] && ends[i + 1]) {
            // In a chain, a middle part is an In when it is reached and the node's first Out when it is left.
            Endpoint from = *ends[i];
            if (i > 0) from.member.clear();
            patch.wires.push_back({from, *ends[i + 1], depth, ends[i]->place});
        }
}

bool Diff::empty() const {
    return added.empty() && removed.empty() && replaced.empty() && changed.empty() && !wires && !bindings && !scenes &&
           !cues && !settings;
}

Diff diff(const Patch& before, const Patch& after) {
    Diff d;
    for (const auto& node : before.nodes)
        if (!after.find(node.id)) d.removed.push_back(node.id);
    for (const auto& node : after.nodes) {
        const auto* old = before.find(node.id);
        if (!old) {
            d.added.push_back(node.id);
        } else if (old->type != node.type) {
            d.replaced.push_back(node.id);
        } else {
            for (const auto& setting : node.settings) {
                const auto* was = old->find(setting.name);
                if (!was || !(was->value == setting.value)) d.changed.emplace_back(node.id, setting.name);
            }
            for (const auto& setting : old->settings)
                if (!node.find(setting.name)) d.changed.emplace_back(node.id, setting.name);
        }
    }
    d.wires = before.wires != after.wires;
    d.bindings = before.bindings != after.bindings;
    d.scenes = before.scenes != after.scenes;
    d.cues = before.cues != after.cues;
    d.settings = before.seed != after.seed || before.tempo != after.tempo || before.bar_beats != after.bar_beats ||
                 before.clock != after.clock || before.sends != after.sends ||
                 before.length_seconds != after.length_seconds;
    return d;
}

std::string nearest(std::string_view wrong, const std::vector<std::string>& names) {
    std::string best;
    std::size_t best_distance = std::min<std::size_t>(wrong.size() / 2 + 1, 4);  // beyond this a guess would confuse
    for (const auto& name : names) {
        std::vector<std::size_t> row(name.size() + 1);  // Levenshtein, one row at a time
        std::iota(row.begin(), row.end(), std::size_t{0});
        for (std::size_t i = 1; i <= wrong.size(); ++i) {
            std::size_t diagonal = row[0];
            row[0] = i;
            for (std::size_t j = 1; j <= name.size(); ++j) {
                const auto above = row[j];
                row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (wrong[i - 1] == name[j - 1] ? 0u : 1u)});
                diagonal = above;
            }
        }
        if (row.back() < best_distance) {
            best_distance = row.back();
            best = name;
        }
    }
    return best;
}

std::string join(const std::vector<std::string>& names, std::string_view separator) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : std::string(separator)) + name;
    return text;
}

std::string instead_of(std::string_view wrong, const std::vector<std::string>& names, const std::string& none,
                       const std::string& list) {
    if (names.empty()) return none;
    const auto near = nearest(wrong, names);
    return near.empty() ? list + join(names) : "did you mean \"" + near + "\"?";
}

}  // namespace legume

// Values and places: how they are compared, printed and read.
// SPDX-License-Identifier: MIT
#include "graph/patch/value.h"

#include <algorithm>
#include <tuple>

namespace legume {

std::string to_string(const Place& place) {
    if (place.line <= 0) return place.file;
    return place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

Place moved(Place place, std::size_t by) {
    place.column += static_cast<int>(by);
    return place;
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

}  // namespace legume

// Reads the small parts that all of a patch is made of.
// SPDX-License-Identifier: MIT
#include "host/patch/reader.h"

#include <algorithm>

namespace legume {
namespace {

using Kind = Tree::Kind;

}  // namespace

Value value_of(const Tree& tree) {
    Value value;
    value.place = tree.place;
    value.text = tree.text;
    value.kind = tree.kind == Kind::list  ? Value::Kind::list
                 : tree.kind == Kind::map ? Value::Kind::map
                                          : Value::Kind::text;
    for (const auto& item : tree.items) {
        if (tree.kind == Kind::list) value.items.push_back(value_of(item));
        if (tree.kind == Kind::map) value.entries.emplace_back(item.key, value_of(item));
    }
    return value;
}

void Reader::known(const Tree& map, const std::string& what, const std::vector<std::string>& keys) {
    for (const auto& item : map.items) {
        if (std::find(keys.begin(), keys.end(), item.key) != keys.end()) continue;
        problem(item.key_place,
                what + " has no \"" + item.key + "\"; " + instead_of(item.key, keys, "it has none", "it has "));
    }
}

const Tree* Reader::part(const Tree& map, std::string_view key, Tree::Kind kind, const std::string& example) {
    const auto* tree = map.find(key);
    if (!tree || tree->kind == Kind::nothing || tree->kind == kind) return tree;
    problem(tree->place,
            std::string(key) + " must be a " + (kind == Kind::map ? "map" : "list") + ", such as `" + example + "`");
    return nullptr;
}

const Tree* Reader::word(const Tree& map, std::string_view key) {
    const auto* tree = map.find(key);
    return tree && is_word(*tree, std::string(key)) ? tree : nullptr;
}
bool Reader::is_word(const Tree& tree, const std::string& name) {
    if (tree.kind == Kind::text) return true;
    if (tree.kind == Kind::nothing)
        no_value(tree, name);
    else
        problem(tree.place, name + " wants one value, not a " + (tree.kind == Kind::list ? "list" : "map"));
    return false;
}
void Reader::no_value(const Tree& tree, const std::string& name) {
    problem(tree.key.empty() ? tree.place : tree.key_place,
            name + " has no value; write one after the colon, or remove the line");
}

std::optional<float> Reader::quantity(const Tree& tree, const Range& range, const std::string& name) {
    const auto read = parse_quantity(tree.text, range.unit);
    if (!read.value)
        problem(tree.place, name + ": " + read.error);
    else if (*read.value < range.min || *read.value > range.max)
        problem(tree.place, name + ": " + range.print(*read.value) + " is outside " + range.limits());
    else
        return read.value;
    return {};
}

const Tree* Reader::pair(const Tree& map, const std::string& key) {
    const auto* tree = map.find(key);
    if (!tree) return nullptr;
    if (tree->kind == Kind::list && tree->items.size() == 2 && tree->items[0].kind == Kind::text &&
        tree->items[1].kind == Kind::text)
        return tree;
    problem(tree->kind == Kind::nothing ? tree->key_place : tree->place, key + " wants two values, such as [0, 1]");
    return nullptr;
}

bool has_values(Reader& reader, const Tree& tree, const std::string& name) {
    if (tree.kind == Kind::nothing) {
        reader.no_value(tree, name);
        return false;
    }
    bool sound = true;
    for (const auto& item : tree.items) sound = has_values(reader, item, item.key.empty() ? name : item.key) && sound;
    return sound;
}

}  // namespace legume

// What every part of a patch's text is read with: its keys, words, numbers and pairs, or the problem with its place.
// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/range.h"
#include "graph/patch/patch.h"
#include "host/patch/tree.h"

namespace legume {

class Reader {
  public:
    explicit Reader(Problems& problems) : problems_(problems) {}
    void problem(const Place& place, std::string message) { problems_.push_back({place, std::move(message)}); }
    Problems& problems() { return problems_; }

    // A key that is none of `keys` is a problem.
    void known(const Tree& map, const std::string& what, const std::vector<std::string>& keys);
    // The map or list under `key`; nullptr when it is absent, empty, or something else, which is a problem.
    const Tree* part(const Tree& map, std::string_view key, Tree::Kind kind, const std::string& example);
    // The single value under `key`; nullptr when it is absent, or not one.
    const Tree* word(const Tree& map, std::string_view key);
    bool is_word(const Tree& tree, const std::string& name);
    void no_value(const Tree& tree, const std::string& name);
    // The list of two values under `key`.
    const Tree* pair(const Tree& map, const std::string& key);

    template <class T>
    std::optional<T> whole(const Tree& tree, T min, T max) {
        T value{};
        const auto* end = tree.text.data() + tree.text.size();
        const auto read = std::from_chars(tree.text.data(), end, value);
        if (read.ec == std::errc() && read.ptr == end && value >= min && value <= max) return value;
        problem(tree.place, tree.key + ": \"" + tree.text + "\" is not a whole number from " + std::to_string(min) +
                                " to " + std::to_string(max));
        return {};
    }
    std::optional<float> quantity(const Tree& tree, const Range& range, const std::string& name);
    std::optional<float> quantity(const Tree& tree, const Range& range) { return quantity(tree, range, tree.key); }

  private:
    Problems& problems_;
};

Value value_of(const Tree& tree);
// A setting is text, a list or a map, and nothing in it is left out.
bool has_values(Reader& reader, const Tree& tree, const std::string& name);

bool valid_address(std::string_view address);  // of OSC 1.0: printable ASCII, but nothing that means a pattern
inline constexpr double latest_time = 86'400;  // seconds
std::optional<double> read_time(std::string_view text);  // of "3:20", "1:02:03.5" or "12.5 s" the seconds
// A part of the patch each, in the file of that name.
std::optional<Binding> read_binding(Reader& reader, const Tree& tree);
// Of transport.cpp: quarters in a bar of "6/8", whose clock is followed, and what a trigger waits for.
std::optional<double> read_meter(Reader& reader, const Tree& tree);
ClockSetting read_clock(Reader& reader, const Tree& tree);
Grid read_grid(Reader& reader, const Tree& tree);
std::vector<Scene> read_scenes(Reader& reader, const Tree& root);  // all that is under `scenes`
std::optional<Cue> read_cue(Reader& reader, const Tree& tree);
std::optional<SendSetting> read_send(Reader& reader, const Tree& tree);
std::optional<Span> read_span(Reader& reader, const Tree& tree);  // "8 s" or "8 beats"; in scenes.cpp

}  // namespace legume

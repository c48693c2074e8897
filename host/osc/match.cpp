// OSC address patterns, matched by the set of places the pattern may have reached, so that no pattern costs much.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "host/osc/osc.h"

namespace legume {

namespace {

// `set` is what stands between the brackets.
bool in_set(std::string_view set, char c) {
    const bool inverted = !set.empty() && set[0] == '!';
    if (inverted) set.remove_prefix(1);
    bool found = false;
    for (std::size_t i = 0; i < set.size(); ++i) {
        if (i + 2 < set.size() && set[i + 1] == '-') {
            found = found || (set[i] <= c && c <= set[i + 2]);
            i += 2;
        } else {
            found = found || set[i] == c;
        }
    }
    return found != inverted;
}

}  // namespace

bool osc_is_pattern(std::string_view address) { return address.find_first_of("?*[{") != address.npos; }

bool osc_matches(std::string_view pattern, std::string_view address) {
    if (pattern == address) return true;
    if (pattern.size() > 1024 || !osc_is_pattern(pattern)) return false;
    // reached[i]: the pattern so far can stand for the address's first i characters.
    std::vector<char> reached(address.size() + 1, 0);
    std::vector<char> next;
    reached[0] = 1;
    const auto step = [&](auto&& takes) {
        next.assign(reached.size(), 0);
        for (std::size_t i = 0; i < address.size(); ++i)
            if (reached[i] && takes(address[i])) next[i + 1] = 1;
    };
    for (std::size_t p = 0; p < pattern.size(); ++p) {
        const char c = pattern[p];
        if (c == '*') {
            next = reached;
            for (std::size_t i = 0; i < address.size(); ++i)
                if (next[i] && address[i] != '/') next[i + 1] = 1;
        } else if (c == '?') {
            step([](char a) { return a != '/'; });
        } else if (c == '[') {
            const auto end = pattern.find(']', p);
            if (end == std::string_view::npos) return false;
            const auto set = pattern.substr(p + 1, end - p - 1);
            step([set](char a) { return a != '/' && in_set(set, a); });
            p = end;
        } else if (c == '{') {
            const auto end = pattern.find('}', p);
            if (end == std::string_view::npos) return false;
            next.assign(reached.size(), 0);
            for (auto list = pattern.substr(p + 1, end - p - 1);;) {
                const auto word = list.substr(0, list.find(','));
                for (std::size_t i = 0; i + word.size() <= address.size(); ++i)
                    if (reached[i] && address.substr(i, word.size()) == word) next[i + word.size()] = 1;
                if (word.size() == list.size()) break;
                list.remove_prefix(word.size() + 1);
            }
            p = end;
        } else {
            step([c](char a) { return a == c; });
        }
        reached.swap(next);
        if (std::find(reached.begin(), reached.end(), 1) == reached.end()) return false;
    }
    return reached[address.size()] != 0;
}

}  // namespace legume

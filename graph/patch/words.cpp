// Distances between names, and sentences made of them.
// SPDX-License-Identifier: MIT
#include "graph/patch/words.h"

#include <algorithm>
#include <numeric>

namespace legume {

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

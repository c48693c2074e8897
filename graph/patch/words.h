// Words for the player: lists, and the name that was meant.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace legume {

// The name closest to `wrong` by edit distance, or empty when nothing is near.
std::string nearest(std::string_view wrong, const std::vector<std::string>& names);
std::string join(const std::vector<std::string>& names, std::string_view separator = ", ");
// What to write instead: the name that is near, or else all that there are; `none` when there are none.
std::string instead_of(std::string_view wrong, const std::vector<std::string>& names, const std::string& none,
                       const std::string& list = "there are ");

}  // namespace legume

// Where a show stands: all that it goes on from when legume has to be started again in the middle.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/control/controls.h"

namespace legume {

struct Standing {
    std::filesystem::path patch;  // that plays
    std::size_t place = 0;        // of it in the set list, from 0
    std::uint64_t seed = 0;
    double seconds = 0;  // played so far
    double beat = 0;
    std::string scene;                                       // recalled last; empty: none
    std::vector<std::pair<std::string, float>> values;       // "node/param" as it was set
    std::vector<std::pair<std::string, std::string>> nodes;  // id and Node::keep's bytes
    bool operator==(const Standing&) const = default;
};

// Of what plays; `patch`, `place`, `seed` and `scene` are left to the caller. Control thread.
Standing standing_of(Controls& controls);
// Params, as from a hand. The beat is the runner's from its beginning.
void take_up(const Standing& standing, Controls& controls);

// Of one node, if it has something to go on from.
void resume(const Standing& standing, const std::string& id, Node& node);

// Text but for the nodes' bytes. Reading gives nothing when it is not whole.
std::string write_standing(const Standing& standing);
std::optional<Standing> read_standing(std::string_view text);

}  // namespace legume

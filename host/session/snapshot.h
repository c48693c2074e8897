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

struct Snapshot {
    std::filesystem::path patch;  // that plays
    std::size_t place = 0;        // of it in the set list, from 0
    std::uint64_t seed = 0;
    double seconds = 0;  // played so far
    double beat = 0;
    std::string scene;                                       // recalled last; empty: none
    std::vector<std::pair<std::string, float>> values;       // "node/param" as it was set
    std::vector<std::pair<std::string, std::string>> nodes;  // id and HasState::save_state's bytes
    bool operator==(const Snapshot&) const = default;
};

// Of what plays; `patch`, `place`, `seed` and `scene` are left to the caller. Control thread.
Snapshot snapshot_of(Controls& controls);
// Params, as from a hand. The beat is the runner's from its beginning.
void take_up(const Snapshot& standing, Controls& controls);

// Of one node, if it has something to go on from.
void resume(const Snapshot& standing, const std::string& id, Node& node);

// Text but for the nodes' bytes. Reading gives nothing when it is not whole.
std::string write_snapshot(const Snapshot& standing);
std::optional<Snapshot> read_snapshot(std::string_view text);

}  // namespace legume

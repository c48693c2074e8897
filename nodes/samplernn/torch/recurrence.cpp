// Finds what learns a kind of cell.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/torch/recurrence.h"

#include <algorithm>
#include <iterator>

namespace legume::samplernn {
namespace {

constexpr struct {
    Cell cell;
    std::unique_ptr<Recurrence> (*make)(const Config&, Team&, const Recurrence::Size&);
} cells[] = {{Cell::gru, make_gru}, {Cell::lstm, make_lstm}, {Cell::min_gru, make_min_gru}};

}  // namespace

std::unique_ptr<Recurrence> make_recurrence(const Config& config, Cell cell, Team& team, const Recurrence::Size& size) {
    const auto of = [&](const auto& entry) { return entry.cell == cell; };
    return std::find_if(std::begin(cells), std::end(cells), of)->make(config, team, size);
}

}  // namespace legume::samplernn

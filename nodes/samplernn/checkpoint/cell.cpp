// The table of cells, in the order in which a player reads their words.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/checkpoint/cell.h"

#include <algorithm>

namespace legume::samplernn {
namespace {

Shape by_input(const LayerSize& size) { return {size.gates * size.dim, size.inputs}; }
Shape by_state(const LayerSize& size) { return {size.gates * size.dim, size.dim}; }
Shape bias(const LayerSize& size) { return {size.gates * size.dim}; }

int a_unit(int dim) { return dim; }

// Gates r z n of a GRU, i f g o of an LSTM. A bias of 1 on z, or f, lets states last.
constexpr CellTensor gated[] = {{"w_ih", by_input, {Fresh::scaled}},
                                {"w_hh", by_state, {Fresh::orthogonal}},
                                {"b_ih", bias, {Fresh::zero, 1, 1}},
                                {"b_hh", bias, {}}};
// h passes tanh.
constexpr CellState gru_states[] = {{"h", a_unit, 1, 1}};
constexpr CellState lstm_states[] = {{"h", a_unit, 1, 1}, {"c", a_unit}};

// z = sigmoid(W_z x), h' = (1 - z) h + z W_h x (Feng et al., Were RNNs All We Needed?, 2024). What it remembers never
// passes a matrix, so that it trains in parallel over time, and has no bounds. It forgets by z.
constexpr CellTensor minimal[] = {{"w_ih", by_input, {Fresh::scaled}}, {"b_ih", bias, {Fresh::zero, 0, -1}}};
constexpr CellState minimal_states[] = {{"h", a_unit, 0, 16}};

constexpr CellKind kinds[] = {
    {Cell::gru, "gru", "GRU", 3, gated, gru_states, 8},
    {Cell::lstm, "lstm", "LSTM", 4, gated, lstm_states, 6},
    {Cell::min_gru, "min_gru", "minGRU", 2, minimal, minimal_states, 3},
};

}  // namespace

std::span<const CellKind> cell_kinds() { return kinds; }

const CellKind& kind_of(Cell cell) {
    return *std::find_if(std::begin(kinds), std::end(kinds), [&](const CellKind& kind) { return kind.cell == cell; });
}

const CellKind* find_cell(std::string_view word) {
    for (const auto& kind : kinds)
        if (kind.word == word) return &kind;
    return nullptr;
}

std::vector<std::string> cell_words() {
    std::vector<std::string> words;
    for (const auto& kind : kinds) words.emplace_back(kind.word);
    return words;
}

}  // namespace legume::samplernn

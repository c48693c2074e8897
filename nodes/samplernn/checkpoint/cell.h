// The kinds of recurrent cell, an entry each: its words, gates, tensors, states, and the values that it begins with.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace legume::samplernn {

using Shape = std::vector<std::int64_t>;

enum class Cell { gru, lstm, min_gru };

// Values before anything is learned.
struct Fresh {
    // Scaled: by the number of inputs (LeCun's). Orthogonal: gate by gate (Saxe et al. 2014), for what runs in a loop.
    enum Law { zero, scaled, orthogonal } law = zero;
    int gate = 0;  // of a bias: this gate's rows
    float bias = 0;
};

struct LayerSize {
    std::int64_t gates, dim, inputs;
};

// `tier.{i}.cell.{k}.NAME`. Every kind has w_ih [G D, inputs] and b_ih [G D], the input's share of its gates: what
// stands before a layer is folded into them.
struct CellTensor {
    const char* name;
    Shape (*shape)(const LayerSize&);
    Fresh fresh;
};

// What a layer remembers from step to step; with learned_h0, `tier.{i}.{NAME}0` [layers, size] is what it begins from.
// The first is h, D units that the layer hands on; the others are the cell's own.
struct CellState {
    const char* name;
    int (*size)(int dim);  // a layer's floats
    float bound = 0;       // the most that one may be, where something bounds it: int8 reads h on that scale then
    float bend = 0;        // the most that bends make of one; 0: they can do no more than hold it still
};

struct CellKind {
    Cell cell;
    const char* word;  // in patches, shapes and checkpoints
    const char* name;  // to be read
    int gates;         // G: D numbers each, that the input has a share in
    std::span<const CellTensor> tensors;
    std::span<const CellState> states;
    int held;  // numbers that learning keeps of a step of a stream, over D
};

std::span<const CellKind> cell_kinds();
const CellKind& kind_of(Cell cell);
const CellKind* find_cell(std::string_view word);  // or null
std::vector<std::string> cell_words();             // in the table's order

}  // namespace legume::samplernn

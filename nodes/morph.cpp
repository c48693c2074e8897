// A pad between scenes: two params that the host follows, and no sound of its own.
// SPDX-License-Identifier: MIT
#include "graph/node.h"

namespace legume {
namespace {

struct Morph final : Node {
    ScenesOption scenes{this, "scenes",
                        "Two along x; a third is up y, in the middle; four are the corners, the third over the first."};
    Param x{this, "x", {}, "From the first scene at 0 to the second at 1."};
    Param y{this, "y", {}, "Up to the third scene, and the fourth."};
    void process(const Block&) noexcept RT_SAFE override {}
};

}  // namespace

extern const NodeType morph_node{"morph", "Moves all params of two to four scenes between them, under one hand.",
                                 make_node<Morph>};

}  // namespace legume

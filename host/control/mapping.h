// What a binding makes of a control: a share of its travel to a value within the binding's range, and back.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "graph/patch/patch.h"

namespace legume {

struct Mapping {
    Range span;                      // of a param: what the binding covers, along its curve
    bool turned = false;             // the range is written backwards
    float value(float share) const;  // 0..1, clamped, to the param's unit
    float share(float value) const;  // the param's unit to 0..1, clamped
};
// check() has held the binding's range against the param's.
Mapping mapping_of(const Binding& binding, const Range& range);

}  // namespace legume

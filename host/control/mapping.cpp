// Shares to values along a binding's curve, and back.
// SPDX-License-Identifier: MIT
#include "host/control/mapping.h"

#include <algorithm>
#include <utility>

namespace legume {

Mapping mapping_of(const Binding& binding, const Range& range) {
    Mapping mapping{range};
    auto& span = mapping.span;
    span.curve = binding.curve.value_or(span.curve);
    if (!binding.range) return mapping;
    span.min = *parse_quantity(binding.range->first.text, span.unit).value;
    span.max = *parse_quantity(binding.range->second.text, span.unit).value;
    mapping.turned = span.min > span.max;
    if (mapping.turned) std::swap(span.min, span.max);
    return mapping;
}

float Mapping::value(float share) const {
    share = std::clamp(share, 0.0f, 1.0f);
    return span.denormalise(turned ? 1 - share : share);
}

float Mapping::share(float value) const {
    const float share = std::clamp(span.normalise(value), 0.0f, 1.0f);
    return turned ? 1 - share : share;
}

}  // namespace legume

// Jump, pickup and scale, in shares of a travel.
// SPDX-License-Identifier: MIT
#include "host/midi/fader.h"

#include <algorithm>
#include <cmath>

namespace legume {
namespace {

constexpr float near = 1.5f / 127;  // a hand cannot aim more closely on 7 bits

}  // namespace

std::optional<float> Fader::move(float place, float now, bool mine) {
    const auto before = place_;
    place_ = place;
    if (mode_ == FaderMode::scale) {
        waits_ = false;
        if (!before) return {};  // only now is it known where it stands
        const float from = mine ? set_.value_or(now) : now;
        const float travelled = place - *before;
        if (travelled > 0) set_ = from + travelled * (1 - from) / (1 - *before);
        if (travelled < 0) set_ = from + travelled * from / *before;
        if (travelled == 0) set_ = from;
        if (travelled != 0 && (place <= 0 || place >= 1)) set_ = place;
        return set_ = std::clamp(*set_, 0.0f, 1.0f);
    }
    if (!mine) waits_ = true;
    if (mode_ == FaderMode::jump) waits_ = false;
    const bool passed = before && (*before - now) * (place - now) <= 0;
    if (waits_ && !passed && std::abs(place - now) > near) return {};
    waits_ = false;
    return set_ = place;
}

float Fader::turn(float by, float now, bool mine) {
    set_ = std::clamp((mine ? set_.value_or(now) : now) + by, 0.0f, 1.0f);
    return *set_;
}

void Fader::lose() {
    place_.reset();
    waits_ = mode_ == FaderMode::pickup;
}

}  // namespace legume

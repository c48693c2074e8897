// What a param may be: its limits, its unit, and the curve that a knob follows between them.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/rt.h"

namespace legume {

// `flag` is 0 or 1 and written true or false; `count` is a whole number; both jump, all others glide.
enum class Unit { none, hertz, seconds, decibels, semitones, beats, tempo, gigabytes, note, flag, count };
enum class Curve { linear, log };

struct Range {
    float min = 0;
    float max = 1;
    float initial = 0;
    Unit unit = Unit::none;
    Curve curve = Curve::linear;  // log needs min > 0
    float glide_seconds = 0.02f;

    bool glides() const noexcept RT_SAFE { return unit != Unit::flag && unit != Unit::count; }
    float clamp(float value) const noexcept RT_SAFE;        // NaN becomes `initial`; flag and count are rounded
    float normalise(float value) const noexcept RT_SAFE;    // value to 0..1 along the curve
    float denormalise(float share) const noexcept RT_SAFE;  // 0..1 to value along the curve
    // The way from a to b, 0..1 of it: along the curve; between levels so that two that change places keep their power.
    float between(float a, float b, float share) const noexcept RT_SAFE;
    std::string print(float value) const;  // "1.2 kHz", "-6 dB", "true"
    std::string limits() const;            // "20 Hz to 20 kHz"
};

// A number with an optional unit, as people write it: "2 kHz", "0.1 Hz", "-6 dB", "50 %", "1/8", "true".
// Gives the value in `unit`, or an error sentence without a full stop.
struct Quantity {
    std::optional<float> value;
    std::string error;
};
Quantity parse_quantity(std::string_view text, Unit unit);

const char* suffix(Unit unit);                  // "Hz", "s", "dB", "st", "beats", "bpm" or ""
std::vector<std::string> spellings(Unit unit);  // all that parse_quantity reads after a number: "Hz", "kHz"
std::string print_number(double);               // the shortest text that reads back the same, no trailing zeros

}  // namespace legume

// Clamps, bends and prints values, and reads them as people write them.
// SPDX-License-Identifier: MIT
#include "graph/base/range.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "graph/base/math.h"

namespace legume {
namespace {

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// The units that may be written after a number of `unit`, and what one of them is in that unit.
struct Spelling {
    Unit unit;
    std::string_view text;
    double factor;
};
constexpr Spelling all_spellings[] = {
    {Unit::none, "%", 0.01},    {Unit::hertz, "Hz", 1},         {Unit::hertz, "kHz", 1000},
    {Unit::seconds, "s", 1},    {Unit::seconds, "ms", 0.001},   {Unit::seconds, "min", 60},
    {Unit::decibels, "dB", 1},  {Unit::semitones, "st", 1},     {Unit::semitones, "ct", 0.01},
    {Unit::beats, "beats", 1},  {Unit::beats, "beat", 1},       {Unit::tempo, "bpm", 1},
    {Unit::gigabytes, "GB", 1}, {Unit::gigabytes, "MB", 0.001},
};

const char* written_like(Unit unit) {
    switch (unit) {
        case Unit::none: return "a number such as 0.5, or 50 %";
        case Unit::hertz: return "a frequency such as 440, 440 Hz or 2 kHz";
        case Unit::seconds: return "a time such as 0.5, 0.5 s or 20 ms";
        case Unit::decibels: return "a level such as -6 or -6 dB";
        case Unit::semitones: return "an interval such as 7, 7 st or 50 ct";
        case Unit::beats: return "beats such as 4, 1/8 or 2 beats";
        case Unit::tempo: return "a tempo such as 96 or 96 bpm";
        case Unit::gigabytes: return "memory such as 6, 6 GB or 800 MB";
        case Unit::note: return "a MIDI note number such as 69";
        case Unit::flag: return "true or false";
        case Unit::count: return "a whole number";
    }
    return "a number";
}

Quantity wrong(std::string_view text, Unit unit) {
    return {{}, "\"" + std::string(text) + "\" is not " + written_like(unit)};
}

}  // namespace

const char* suffix(Unit unit) {
    switch (unit) {
        case Unit::hertz: return "Hz";
        case Unit::seconds: return "s";
        case Unit::decibels: return "dB";
        case Unit::semitones: return "st";
        case Unit::beats: return "beats";
        case Unit::tempo: return "bpm";
        case Unit::gigabytes: return "GB";
        default: return "";
    }
}

std::vector<std::string> spellings(Unit unit) {
    std::vector<std::string> texts;
    for (const auto& spelling : all_spellings)
        if (spelling.unit == unit) texts.emplace_back(spelling.text);
    return texts;
}

std::string print_number(double value) {
    char text[64];
    // Six digits are what a player set; more would show the float behind 0.1. A whole number is said whole.
    const bool whole = value > -1e9 && value < 1e9 && value == math::round_even(value);
    const auto end = whole ? std::to_chars(text, text + sizeof text, static_cast<long>(value)).ptr
                           : std::to_chars(text, text + sizeof text, value, std::chars_format::general, 6).ptr;
    return {text, end};
}

float Range::clamp(float value) const noexcept {
    if (!(value == value)) return initial;
    if (!glides()) value = static_cast<float>(math::round_even(value < min ? min : value > max ? max : value));
    return value < min ? min : value > max ? max : value;
}

float Range::normalise(float value) const noexcept {
    value = clamp(value);
    if (max <= min) return 0;
    if (curve == Curve::log)
        return static_cast<float>(math::log2(static_cast<double>(value) / min) /
                                  math::log2(static_cast<double>(max) / min));
    return (value - min) / (max - min);
}

float Range::denormalise(float share) const noexcept {
    share = share > 0 ? (share < 1 ? share : 1.0f) : 0.0f;  // NaN becomes 0
    if (curve == Curve::log)
        return clamp(static_cast<float>(min * math::pow(static_cast<double>(max) / min, static_cast<double>(share))));
    return clamp(min + share * (max - min));
}

float Range::between(float a, float b, float share) const noexcept {
    if (!(share > 0)) return clamp(a);
    if (share >= 1) return clamp(b);
    if (unit != Unit::decibels) {
        const float from = normalise(a);
        return denormalise(from + (normalise(b) - from) * share);
    }
    // Along decibels both would sink far below either end half way, and one that comes from silence be late.
    const double risen = math::sin_turns(0.25 * static_cast<double>(share));
    const double from = math::amplitude(a), to = math::amplitude(b);
    const double power = from * from + (to * to - from * from) * risen * risen;
    return clamp(static_cast<float>(std::max(3.0102999566398120 * math::log2(power), math::silence_db)));
}

std::string Range::print(float value) const {
    switch (unit) {
        case Unit::flag: return value >= 0.5f ? "true" : "false";
        case Unit::hertz:
            if (value >= 1000) return print_number(value / 1000.0) + " kHz";
            break;
        case Unit::seconds:
            if (value != 0 && value < 0.1f) return print_number(value * 1000.0) + " ms";
            break;
        default: break;
    }
    const std::string unit_text = suffix(unit);
    return print_number(value) + (unit_text.empty() ? "" : " " + unit_text);
}

std::string Range::limits() const { return unit == Unit::flag ? "true or false" : print(min) + " to " + print(max); }

Quantity parse_quantity(std::string_view written, Unit unit) {
    const auto text = trim(written);
    if (text == "true" || text == "false") {
        if (unit != Unit::flag) return wrong(text, unit);
        return {text == "true" ? 1.0f : 0.0f, ""};
    }
    double value = 0;
    const char* end = text.data() + text.size();
    const char* start = text.data() + (text.starts_with('+') && !text.starts_with("+-") ? 1 : 0);
    const auto number = std::from_chars(start, end, value);
    if (number.ec != std::errc() || number.ptr == start) return wrong(text, unit);
    auto rest = std::string_view(number.ptr, static_cast<std::size_t>(end - number.ptr));
    if (unit == Unit::beats && !rest.empty() && rest.front() == '/') {
        double below = 0;
        const auto second = std::from_chars(rest.data() + 1, end, below);
        if (second.ec != std::errc() || second.ptr != end || !(below > 0)) return wrong(text, unit);
        value = 4 * value / below;  // a share of a whole note, which is four beats
        rest = {};
    }
    rest = trim(rest);
    if (!std::isfinite(value)) return wrong(text, unit);
    if (!rest.empty()) {
        const Spelling* found = nullptr;
        for (const auto& spelling : all_spellings)
            if (spelling.text == rest) {
                if (spelling.unit == unit) found = &spelling;
            }
        if (!found) return wrong(text, unit);
        value *= found->factor;
    }
    if (unit == Unit::flag && value != 0 && value != 1) return wrong(text, unit);
    if (unit == Unit::count && value != math::round_even(value)) return wrong(text, unit);
    if (value > 3e38 || value < -3e38) return wrong(text, unit);
    return {static_cast<float>(value), ""};
}

}  // namespace legume

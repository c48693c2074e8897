// Elementary functions without libm, so that a render has the same bytes on every machine.
// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>

#include "graph/base/rt.h"

// In graph and not in nodes/dsp because Range needs exp and log for its curves, and graph sees no node.
namespace legume::math {

inline constexpr double pi = 3.14159265358979323846;
inline constexpr double ln2 = 0.69314718055994530942;

// All are accurate to about 1e-15 relative (tests/graph/math_test.cpp holds them to 1e-13 against libm).
double exp2(double x) noexcept RT_SAFE;  // 2^x, x clamped to [-1022, 1023]
double exp(double x) noexcept RT_SAFE;   // e^x
double log2(double x) noexcept RT_SAFE;  // x > 0; anything else gives -1100 (below every real logarithm)
double log(double x) noexcept RT_SAFE;   // natural
double log10(double x) noexcept RT_SAFE;
double pow(double x, double y) noexcept RT_SAFE;  // x >= 0
double sin_turns(double turns) noexcept RT_SAFE;  // sin(2 pi turns), |turns| < 2^51
double sin(double x) noexcept RT_SAFE;            // radians
double cos(double x) noexcept RT_SAFE;
double tan(double x) noexcept RT_SAFE;
double tanh(double x) noexcept RT_SAFE;

// Round to nearest, ties to even; |x| < 2^51. (x + 1.5 * 2^52) - 1.5 * 2^52 in round-to-nearest mode.
inline double round_even(double x) noexcept RT_SAFE {
    constexpr double magic = 6755399441055744.0;
    return (x + magic) - magic;
}
// Largest integer not above x; |x| < 2^51.
inline double floor(double x) noexcept RT_SAFE {
    const double r = round_even(x);
    return r > x ? r - 1.0 : r;
}
// The fractional part in [0, 1).
inline double fraction(double x) noexcept RT_SAFE { return x - floor(x); }

// Decibels to amplitude; at or below silence_db exactly 0.
inline constexpr double silence_db = -90.0;
inline double amplitude(double db) noexcept RT_SAFE { return db <= silence_db ? 0.0 : exp2(db * 0.16609640474436813); }
// Amplitude to decibels, not below silence_db.
inline double decibels(double amplitude) noexcept RT_SAFE {
    if (!(amplitude > 0.0)) return silence_db;
    const double db = log2(amplitude) * 6.0205999132796239;
    return db < silence_db ? silence_db : db;
}
// MIDI note number (69 is A4) to hertz.
inline double note_hertz(double note) noexcept RT_SAFE { return 440.0 * exp2((note - 69.0) / 12.0); }

}  // namespace legume::math

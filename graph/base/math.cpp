// Elementary functions without libm: range reduction in double, then a series. Same operations, same bytes, everywhere.
// SPDX-License-Identifier: MIT
#include "graph/base/math.h"

#include <array>
#include <cstddef>

namespace legume::math {
namespace {

// e^t for |t| <= ln2 / 2, Taylor to t^14 / 14! (next term below 1e-18).
double exp_small(double t) {
    double sum = 1.0;
    for (int n = 14; n >= 1; --n) sum = 1.0 + t * sum / n;
    return sum;
}

}  // namespace

double exp2(double x) noexcept {
    if (!(x > -1022.0)) return x < 0 ? 0.0 : x;  // NaN passes through
    if (x > 1023.0) x = 1023.0;
    const double whole = round_even(x);
    const double small = exp_small((x - whole) * ln2);
    const auto exponent = static_cast<std::int64_t>(whole);
    return small * std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
}

double exp(double x) noexcept { return exp2(x * 1.4426950408889634074); }

double log2(double x) noexcept {
    if (!(x > 0.0)) return -1100.0;
    auto bits = std::bit_cast<std::uint64_t>(x);
    if (bits < 0x0010000000000000u) return -1100.0;  // denormal
    int exponent = static_cast<int>(bits >> 52) - 1023;
    double m = std::bit_cast<double>((bits & 0x000fffffffffffffu) | 0x3ff0000000000000u);
    if (m > 1.4142135623730950488) {
        m *= 0.5;
        ++exponent;
    }
    // ln m = 2 artanh(s), s = (m - 1) / (m + 1), |s| <= 0.1716: series to s^23.
    const double s = (m - 1.0) / (m + 1.0), s2 = s * s;
    double sum = 0.0;
    for (int n = 23; n >= 1; n -= 2) sum = sum * s2 + 1.0 / n;
    return exponent + 2.0 * s * sum * 1.4426950408889634074;
}

double log(double x) noexcept { return log2(x) * ln2; }
double log10(double x) noexcept { return log2(x) * 0.30102999566398119521; }

double pow(double x, double y) noexcept {
    if (!(x > 0.0)) return y == 0.0 ? 1.0 : 0.0;
    return exp2(y * log2(x));
}

double sin_turns(double turns) noexcept {
    // Taylor to x^21 / 21! (next term below 1e-18), without a division: oscillators live on it.
    static constexpr auto terms = [] {
        std::array<double, 11> made{};
        double factorial = 1;
        for (std::size_t k = 0; k < made.size(); ++k) {
            made[k] = (k % 2 ? -1.0 : 1.0) / factorial;
            factorial *= static_cast<double>((2 * k + 2) * (2 * k + 3));
        }
        return made;
    }();
    double t = turns - round_even(turns);  // [-0.5, 0.5]
    if (t > 0.25) t = 0.5 - t;             // mirror into [-0.25, 0.25]
    if (t < -0.25) t = -0.5 - t;
    const double x = 2.0 * pi * t, x2 = x * x;
    double sum = terms[10];
    for (std::size_t k = 10; k-- > 0;) sum = sum * x2 + terms[k];
    return x * sum;
}

double sin(double x) noexcept { return sin_turns(x / (2.0 * pi)); }
double cos(double x) noexcept { return sin_turns(x / (2.0 * pi) + 0.25); }
double tan(double x) noexcept { return sin(x) / cos(x); }

double tanh(double x) noexcept {
    if (x > 20.0) return 1.0;
    if (x < -20.0) return -1.0;
    const double e = exp(2.0 * x);
    return (e - 1.0) / (e + 1.0);
}

}  // namespace legume::math

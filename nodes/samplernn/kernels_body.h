// The kernels' one body, which each instruction set's file compiles for itself; only the vector's width differs.
// SPDX-License-Identifier: MIT
#pragma once

#include "nodes/samplernn/kernels.h"

namespace legume::samplernn {
namespace {

#if defined(__AVX512F__)
constexpr int width = 16;
#elif defined(__AVX2__)
constexpr int width = 8;
#else
constexpr int width = 4;
#endif
typedef float Vector __attribute__((vector_size(width * sizeof(float))));

inline Vector load(const float* from) {
    Vector v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}
inline void store(const Vector& v, float* to) { __builtin_memcpy(to, &v, sizeof v); }

// e^x for x held to [-80, 80]: 2^n times a polynomial on [-ln2/2, ln2/2] (Taylor to x^7/7!, relative error 6e-9 before
// rounding), ln2 in two parts after Cody and Waite.
inline float exponential(float x) {
    x = x > -80.0f ? (x < 80.0f ? x : 80.0f) : -80.0f;  // NaN too goes to the bottom
    constexpr float magic = 12582912.0f;                // 1.5 * 2^23: adding it rounds to a whole number
    const float n = (x * 1.44269504f + magic) - magic;
    const float t = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    float p = 1.0f / 5040;
    p = p * t + 1.0f / 720;
    p = p * t + 1.0f / 120;
    p = p * t + 1.0f / 24;
    p = p * t + 1.0f / 6;
    p = p * t + 0.5f;
    p = p * t + 1.0f;
    p = p * t + 1.0f;
    return p * __builtin_bit_cast(float, (static_cast<std::int32_t>(n) + 127) << 23);
}

inline float sigmoid(float x) { return 1.0f / (1.0f + exponential(-x)); }
inline float tanh(float x) { return 2.0f / (1.0f + exponential(-2.0f * x)) - 1.0f; }

void apply(const Lanes* w, int panels, int cols, const float* x, const float* start, float* y, bool relu) noexcept {
    constexpr int vectors = lanes / width;
    for (int p = 0; p < panels; ++p, w += cols, start += lanes, y += lanes) {
        Vector s[4][vectors] = {};  // four, because one waits for its own last sum
        int k = 0;
        for (; k + 4 <= cols; k += 4) {
            for (int j = 0; j < 4; ++j) {
                for (int v = 0; v < vectors; ++v) s[j][v] += load(w[k + j].at + v * width) * x[k + j];
            }
        }
        for (; k < cols; ++k) {
            for (int v = 0; v < vectors; ++v) s[0][v] += load(w[k].at + v * width) * x[k];
        }
        for (int v = 0; v < vectors; ++v) {
            const Vector sum = load(start + v * width) + ((s[0][v] + s[1][v]) + (s[2][v] + s[3][v]));
            store(relu ? (sum > 0.0f ? sum : Vector{}) : sum, y + v * width);
        }
    }
}

void multiply(const double* a, const double* b, double* c, int m, int k, int n) noexcept {
    constexpr int block = 8;  // rows of c that share one pass over b
    for (int i0 = 0; i0 < m; i0 += block) {
        const int i1 = i0 + block < m ? i0 + block : m;
        for (int j = 0; j < k; ++j) {
            const double* __restrict bj = b + static_cast<std::ptrdiff_t>(j) * n;
            for (int i = i0; i < i1; ++i) {
                const double aij = a[static_cast<std::ptrdiff_t>(i) * k + j];
                double* __restrict ci = c + static_cast<std::ptrdiff_t>(i) * n;
                for (int l = 0; l < n; ++l) ci[l] += aij * bj[l];
            }
        }
    }
}

void gru(const float* __restrict gi, const float* __restrict gh, float* __restrict h, int dim) noexcept {
    for (int d = 0; d < dim; ++d) {
        const float r = sigmoid(gi[d] + gh[d]);
        const float z = sigmoid(gi[dim + d] + gh[dim + d]);
        const float n = tanh(gi[2 * dim + d] + r * gh[2 * dim + d]);
        h[d] = (1.0f - z) * n + z * h[d];
    }
}

void gru_gates(const float* __restrict gi, const float* __restrict gh, const float* __restrict h, float* __restrict rh,
               float* __restrict z, int dim) noexcept {
    for (int d = 0; d < dim; ++d) {
        rh[d] = sigmoid(gi[d] + gh[d]) * h[d];
        z[d] = sigmoid(gi[dim + d] + gh[dim + d]);
    }
}

void gru_candidate(const float* __restrict gi, const float* __restrict gn, const float* __restrict z,
                   float* __restrict h, int dim) noexcept {
    for (int d = 0; d < dim; ++d) h[d] = (1.0f - z[d]) * tanh(gi[2 * dim + d] + gn[d]) + z[d] * h[d];
}

void lstm(const float* __restrict gi, const float* __restrict gh, float* __restrict h, float* __restrict c,
          int dim) noexcept {
    for (int d = 0; d < dim; ++d) {
        const float i = sigmoid(gi[d] + gh[d]);
        const float f = sigmoid(gi[dim + d] + gh[dim + d]);
        const float g = tanh(gi[2 * dim + d] + gh[2 * dim + d]);
        const float o = sigmoid(gi[3 * dim + d] + gh[3 * dim + d]);
        c[d] = f * c[d] + i * g;
        h[d] = o * tanh(c[d]);
    }
}

void add(const float* __restrict x, float* __restrict y, int n) noexcept {
    for (int i = 0; i < n; ++i) y[i] += x[i];
}

void relu(float* x, int n) noexcept {
    for (int i = 0; i < n; ++i) x[i] = x[i] > 0.0f ? x[i] : 0.0f;
}

void weigh(const float* __restrict x, float top, float temperature, std::uint32_t* __restrict weights, int n) noexcept {
    constexpr float magic = 8388608.0f;  // 2^23: adding it rounds to a whole number, to nearest even
    for (int i = 0; i < n; ++i) {
        const float e = exponential((x[i] - top) / temperature) * magic;
        weights[i] = static_cast<std::uint32_t>(static_cast<std::int32_t>(x[i] <= top ? (e + magic) - magic : 0.0f));
    }
}

constexpr Kernels kernels_for(const char* isa) {
    return {isa, apply, multiply, gru, gru_gates, gru_candidate, lstm, add, relu, weigh};
}

}  // namespace
}  // namespace legume::samplernn

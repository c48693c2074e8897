// The engine's inner loops as one table of functions for each instruction set, all of which give the same bytes.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

// The files behind these tables are compiled for more than the least machine: an inline function of the standard
// library that they emitted could end up in all of legume. So neither this header nor they use any.
namespace legume::samplernn {

// Outputs are lanes, inputs are summed in a fixed order. Multiply then add, never fused.
inline constexpr int lanes = 16;

// 16 outputs' weights for one input: a cache line.
struct alignas(64) Lanes {
    float at[lanes];
};

struct Kernels {
    const char* isa;  // as LEGUME_ISA names it

    // y = start + W x, then max(y, 0) with `relu`. W lies as [panel][column]; y and start have 16 floats for each panel
    // and may be the same. Four partial sums over the columns: column k goes to sum k mod 4, the last k mod 4 to sum 0.
    void (*apply)(const Lanes* w, int panels, int cols, const float* x, const float* start, float* y,
                  bool relu) noexcept;
    // c += a b, of [m, k] and [k, n], row major; sums run over k in order.
    void (*multiply)(const double* a, const double* b, double* c, int m, int k, int n) noexcept;

    // Gates r z n. `gi` and `gh` are the input's and the state's share, biases in them; h goes to its next value.
    // The error of sigmoid and tanh is below 2e-6 (tests hold them to it); NaN gives one of their bounds.
    void (*gru)(const float* gi, const float* gh, float* h, int dim) noexcept;
    // Reset before the matrix product, first half: rh = r * h and z, from the shares of r and z.
    void (*gru_gates)(const float* gi, const float* gh, const float* h, float* rh, float* z, int dim) noexcept;
    // Second half: `gi` is all three gates' share, `gn` the candidate's from rh.
    void (*gru_candidate)(const float* gi, const float* gn, const float* z, float* h, int dim) noexcept;
    // Gates i f g o.
    void (*lstm)(const float* gi, const float* gh, float* h, float* c, int dim) noexcept;

    void (*add)(const float* x, float* y, int n) noexcept;  // y += x
    void (*relu)(float* x, int n) noexcept;
    // round(2^23 exp((x - top) / temperature)); what is above `top`, or NaN, counts 0. temperature > 0.
    void (*weigh)(const float* x, float top, float temperature, std::uint32_t* weights, int n) noexcept;
};

extern const Kernels scalar_kernels;  // of every build
extern const Kernels avx2_kernels, avx512_kernels;

}  // namespace legume::samplernn

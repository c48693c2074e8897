// The engine's inner loops as one table of functions for each instruction set, all of which give the same bytes.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

// The files behind these tables are compiled for more than the least machine: an inline function of the standard
// library that they emitted could end up in all of legume. So neither this header nor they use any.
namespace legume::samplernn {

inline constexpr int lanes = 16;          // outputs that lie side by side: a panel
inline constexpr int group = 4;           // inputs that 8-bit and pruned weights take at once
inline constexpr int tile = 4;            // panels whose 8-bit and 4-bit weights lie side by side
inline constexpr int scaled_inputs = 64;  // inputs of 4-bit weights that share a scale

// 16 outputs' weights for one input, in floats or in halves that say the same; for four inputs, with one output's four
// in a row; and for eight, inputs 0 to 3 in the low halves of the bytes and 4 to 7 in the high ones, as weight + 8.
struct alignas(64) Lanes {
    float at[lanes];
};
struct alignas(32) Halves {
    std::uint16_t at[lanes];
};
struct alignas(64) Bytes {
    std::int8_t at[lanes][group];
};
struct alignas(64) Nibbles {
    std::uint8_t at[lanes][group];
};

// Where the products go, for each voice: y = start + W x, then max(y, 0) with `relu`. y has 16 floats for each panel;
// start may be y.
struct Into {
    int voices;
    const float* start;
    std::ptrdiff_t start_stride;
    float* y;
    std::ptrdiff_t y_stride;
    bool relu;
};

// Inputs as whole numbers: x = (byte + offset) * scale. Bytes are -127..127; there is room for one more scaled_inputs.
struct Quantised {
    const std::int8_t* bytes;
    std::ptrdiff_t stride;
    const std::int32_t* sums;  // of the bytes of each scaled_inputs, for 4-bit weights
    std::ptrdiff_t sums_stride;
    const float* scales;  // one for each voice
    int offset;
};

// Inputs that are not zero, by number, in order.
struct Nonzero {
    const std::uint16_t* columns;
    const int* counts;  // one for each voice
    std::ptrdiff_t stride;
};

// What of a pruned matrix is left: of panel p the blocks first[p] to first[p + 1], each at inputs 4 groups[b] and up.
struct Blocks {
    const std::uint16_t* groups;
    const std::int32_t* first;
};

struct Kernels {
    const char* isa;  // as LEGUME_ISA names it

    // ---- matrices in floats, [panel][column]. Outputs are lanes, inputs are summed in a fixed order, multiply then
    // add, never fused. Four partial sums over the columns: column k goes to sum k mod 4, the last k mod 4 to sum 0.
    void (*dense)(const Lanes* w, int panels, int cols, const float* x, std::ptrdiff_t stride, const Into&) noexcept;
    // The same over the nonzero inputs alone: the i-th of them goes to sum i mod 4, the last i mod 4 to sum 0.
    void (*gather)(const Lanes* w, int panels, int cols, const float* x, std::ptrdiff_t stride, const Nonzero&,
                   const Into&) noexcept;
    // Both again for weights that half precision holds exactly: the same bytes from half the memory.
    void (*dense_half)(const Halves* w, int panels, int cols, const float* x, std::ptrdiff_t stride,
                       const Into&) noexcept;
    void (*gather_half)(const Halves* w, int panels, int cols, const float* x, std::ptrdiff_t stride, const Nonzero&,
                        const Into&) noexcept;
    // Blocks of four columns each; a block's j-th column goes to sum j.
    void (*sparse)(const Lanes* w, const Blocks&, int panels, const float* x, std::ptrdiff_t stride,
                   const Into&) noexcept;

    // ---- in whole numbers: sums are exact and have no order. y = start + (float(sum) * row's scale) * x's scale.
    // [tile][group][panel of the tile]; `sums` and `scales` are of each row's weights.
    void (*dense8)(const Bytes* w, const std::int32_t* sums, const float* scales, int panels, int groups,
                   const Quantised& x, const Into&) noexcept;
    void (*sparse8)(const Bytes* w, const Blocks&, const std::int32_t* sums, const float* scales, int panels,
                    const Quantised& x, const Into&) noexcept;
    // 4-bit weights, [tile][block of scaled_inputs]{8 x [panel of the tile] Nibbles}, and a scale for each row and
    // block, [tile][block][panel of the tile]. Blocks are summed in floats, in order.
    void (*dense4)(const Nibbles* w, const Lanes* scales, int panels, int blocks, const Quantised& x,
                   const Into&) noexcept;
    // x to bytes: of size `limit` at most (limit > 0), of any size (limit = 0), or never negative and of any size
    // (limit < 0: offset 127, scale = largest / 254). Bytes up to the next scaled_inputs are made, as of zeros, and the
    // sums of each scaled_inputs where `sums` has room for them.
    void (*quantise)(const float* x, int n, float limit, std::int8_t* bytes, std::int32_t* sums, float* scale) noexcept;

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
    // Gates z h of a minGRU, from the input's share alone.
    void (*min_gru)(const float* gi, float* h, int dim) noexcept;

    // y += rows, one after another, then max(y, 0) with `rectify`
    void (*add_rows)(const float* const* rows, int count, float* y, int n, bool rectify) noexcept;
    int (*nonzero)(const float* x, int n, std::uint16_t* columns) noexcept;  // room for n
    // The largest finite number, or the least one that there is.
    float (*largest)(const float* x, int n) noexcept;
    // round(2^23 exp((x - top) * sharpness)); what is above `top`, or NaN, counts 0. Gives their sum. `sums` has room
    // for a sum of each 16.
    std::uint64_t (*weigh)(const float* x, float top, float sharpness, std::uint32_t* weights, std::uint32_t* sums,
                           int n) noexcept;
};

extern const Kernels scalar_kernels;                                 // of every build
extern const Kernels avx2_kernels, avxvnni_kernels, avx512_kernels;  // of x86-64
extern const Kernels neon_kernels, neondot_kernels;                  // of aarch64

}  // namespace legume::samplernn

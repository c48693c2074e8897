// The kernels' one body, compiled by each instruction set's file: only vector width and dot product differ.
// SPDX-License-Identifier: MIT
#pragma once

#include "nodes/samplernn/kernels/kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace legume::samplernn {
namespace {

#if defined(__AVX512F__) && !defined(LEGUME_NARROW)
constexpr int width = 16;
#elif defined(__AVX2__)
constexpr int width = 8;
#else
constexpr int width = 4;
#endif
constexpr int vectors = lanes / width;  // of a panel
typedef float Vector __attribute__((vector_size(width * sizeof(float))));
typedef std::int32_t Ints __attribute__((vector_size(width * sizeof(std::int32_t))));

template <class V, class T>
inline V load(const T* from) {
    V v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}
inline Vector load(const float* from) { return load<Vector>(from); }
inline void store(const Vector& v, float* to) { __builtin_memcpy(to, &v, sizeof v); }
inline std::int32_t four_bytes(const std::int8_t* from) {
    std::int32_t all;
    __builtin_memcpy(&all, from, sizeof all);
    return all;
}

// ---------------------------------------------------------------- dot products of four bytes
//
// Four makes ready four inputs for all lanes; dot adds their product with `width` x 4 weights. What `zero` times the
// sum of a row's weights is in excess is taken off at the end.

#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)
// The unsigned operand is x + 128.
constexpr std::int32_t zero = 128;
constexpr auto flip = static_cast<std::int32_t>(0x80808080u);
struct Four {
    Ints x;
    explicit Four(const std::int8_t* from) : x((four_bytes(from) ^ Ints{}) ^ flip) {}
};
inline Ints dot(Ints sum, const std::int8_t* w, const Four& x) {
#if defined(__AVX512F__) && !defined(LEGUME_NARROW)
    return (Ints)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)x.x, _mm512_loadu_si512(w));
#elif defined(__AVXVNNI__)
    return (Ints)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)x.x, _mm256_loadu_si256((const __m256i*)w));
#else
    return (Ints)_mm256_dpbusd_epi32((__m256i)sum, (__m256i)x.x, _mm256_loadu_si256((const __m256i*)w));
#endif
}
// Of weights 0..15 with x as the signed operand: nothing is in excess.
inline Ints dot_unsigned(Ints sum, const Ints& w, const Ints& x) {
#if defined(__AVX512F__) && !defined(LEGUME_NARROW)
    return (Ints)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)w, (__m512i)x);
#elif defined(__AVXVNNI__)
    return (Ints)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)w, (__m256i)x);
#else
    return (Ints)_mm256_dpbusd_epi32((__m256i)sum, (__m256i)w, (__m256i)x);
#endif
}
#elif defined(__AVX2__)
// |x| times w with x's sign: two products of 127 x 127 are just below where maddubs saturates.
constexpr std::int32_t zero = 0;
struct Four {
    __m256i x, size;
    explicit Four(const std::int8_t* from) : x(_mm256_set1_epi32(four_bytes(from))), size(_mm256_abs_epi8(x)) {}
};
inline Ints dot(Ints sum, const std::int8_t* w, const Four& x) {
    const __m256i signs = _mm256_sign_epi8(_mm256_loadu_si256((const __m256i*)w), x.x);
    return sum + (Ints)_mm256_madd_epi16(_mm256_maddubs_epi16(x.size, signs), _mm256_set1_epi16(1));
}
inline Ints dot_unsigned(Ints sum, const Ints& w, const Ints& x) {
    return sum + (Ints)_mm256_madd_epi16(_mm256_maddubs_epi16((__m256i)w, (__m256i)x), _mm256_set1_epi16(1));
}
#elif defined(__ARM_FEATURE_DOTPROD)
constexpr std::int32_t zero = 0;
struct Four {
    int8x16_t x;
    explicit Four(const std::int8_t* from) : x(vreinterpretq_s8_s32(vdupq_n_s32(four_bytes(from)))) {}
};
inline Ints dot(Ints sum, const std::int8_t* w, const Four& x) {
    return (Ints)vdotq_s32((int32x4_t)sum, vld1q_s8(w), x.x);
}
inline Ints dot_unsigned(Ints sum, const Ints& w, const Ints& x) {
    return (Ints)vdotq_s32((int32x4_t)sum, (int8x16_t)w, (int8x16_t)x);
}
#elif defined(__aarch64__)
constexpr std::int32_t zero = 0;
struct Four {
    int8x16_t x;
    explicit Four(const std::int8_t* from) : x(vreinterpretq_s8_s32(vdupq_n_s32(four_bytes(from)))) {}
};
inline Ints dot_signed(Ints sum, int8x16_t w, int8x16_t x) {  // pairs in 16 bits: 2 x 127 x 127 fits
    const int16x8_t low = vmull_s8(vget_low_s8(w), vget_low_s8(x)), high = vmull_high_s8(w, x);
    return sum + (Ints)vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high));
}
inline Ints dot(Ints sum, const std::int8_t* w, const Four& x) { return dot_signed(sum, vld1q_s8(w), x.x); }
inline Ints dot_unsigned(Ints sum, const Ints& w, const Ints& x) { return dot_signed(sum, (int8x16_t)w, (int8x16_t)x); }
#else
constexpr std::int32_t zero = 0;
struct Four {
    const std::int8_t* x;
    explicit Four(const std::int8_t* from) : x(from) {}
};
inline Ints dot(Ints sum, const std::int8_t* w, const Four& x) {
    for (int lane = 0; lane < width; ++lane) {
        for (int j = 0; j < group; ++j) sum[lane] += w[lane * group + j] * x.x[j];
    }
    return sum;
}
inline Ints dot_unsigned(Ints sum, const Ints& w, const Ints& x) {
    std::int8_t bytes[width * group], inputs[width * group];
    __builtin_memcpy(bytes, &w, sizeof bytes);
    __builtin_memcpy(inputs, &x, sizeof inputs);
    return dot(sum, bytes, Four(inputs));
}
#endif

// ---------------------------------------------------------------- elementary functions

// e^x for x held to [-80, 80]: 2^n times a polynomial on [-ln2/2, ln2/2] (Taylor to x^7/7!, relative error 6e-9 before
// rounding), ln2 in two parts after Cody and Waite.
inline float exponential(float x) {
    x = x < 80.0f ? x : 80.0f;  // NaN too
    x = x > -80.0f ? x : -80.0f;
    constexpr float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number
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

// ---------------------------------------------------------------- matrices in floats

// Half precision to floats, exactly, whether denormals are zeros or not.
inline Vector load(const std::uint16_t* from) {
#if defined(__AVX512F__) && !defined(LEGUME_NARROW)
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)from));
#elif defined(__AVX2__)
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)from));
#elif defined(__aarch64__)
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from)));
#else
    Ints bits;
    for (int lane = 0; lane < width; ++lane) bits[lane] = from[lane];
    const Ints size = bits & 0x7fff, sign = (bits & 0x8000) << 16;
    const Ints small = (Ints)(__builtin_convertvector(size, Vector) * 0x1p-24f), large = (size << 13) + 0x38000000;
    return (Vector)(sign | (size < 0x400 ? small : large));
#endif
}

struct Sums {  // a panel's four partial sums, because one would wait for its own last addition
    Vector at[4][vectors] = {};
    template <class Weights>
    void add(int which, const Weights& w, float x) {
        for (int v = 0; v < vectors; ++v) at[which][v] += load(w.at + v * width) * x;
    }
    void finish(const float* start, float* y, bool relu) const {
        for (int v = 0; v < vectors; ++v) {
            const Vector sum = load(start + v * width) + ((at[0][v] + at[1][v]) + (at[2][v] + at[3][v]));
            store(relu ? (sum > 0.0f ? sum : Vector{}) : sum, y + v * width);
        }
    }
};

template <class Weights>
void dense(const Weights* w, int panels, int cols, const float* x, std::ptrdiff_t stride, const Into& into) noexcept {
    for (int p = 0; p < panels; ++p, w += cols) {
        for (int voice = 0; voice < into.voices; ++voice) {
            const float* xv = x + voice * stride;
            Sums sums;
            int k = 0;
            for (; k + 4 <= cols; k += 4) {
                for (int j = 0; j < 4; ++j) sums.add(j, w[k + j], xv[k + j]);
            }
            for (; k < cols; ++k) sums.add(0, w[k], xv[k]);
            sums.finish(into.start + voice * into.start_stride + p * lanes, into.y + voice * into.y_stride + p * lanes,
                        into.relu);
        }
    }
}

template <class Weights>
void gather(const Weights* w, int panels, int cols, const float* x, std::ptrdiff_t stride, const Nonzero& nonzero,
            const Into& into) noexcept {
    for (int p = 0; p < panels; ++p, w += cols) {
        for (int voice = 0; voice < into.voices; ++voice) {
            const float* xv = x + voice * stride;
            const std::uint16_t* columns = nonzero.columns + voice * nonzero.stride;
            const int count = nonzero.counts[voice];
            Sums sums;
            int i = 0;
            for (; i + 4 <= count; i += 4) {
                for (int j = 0; j < 4; ++j) sums.add(j, w[columns[i + j]], xv[columns[i + j]]);
            }
            for (; i < count; ++i) sums.add(0, w[columns[i]], xv[columns[i]]);
            sums.finish(into.start + voice * into.start_stride + p * lanes, into.y + voice * into.y_stride + p * lanes,
                        into.relu);
        }
    }
}

void sparse(const Lanes* w, const Blocks& blocks, int panels, const float* x, std::ptrdiff_t stride,
            const Into& into) noexcept {
    for (int p = 0; p < panels; ++p) {
        for (int voice = 0; voice < into.voices; ++voice) {
            const float* xv = x + voice * stride;
            Sums sums;
            for (std::int32_t b = blocks.first[p]; b < blocks.first[p + 1]; ++b) {
                const float* four = xv + blocks.groups[b] * group;
                for (int j = 0; j < group; ++j) sums.add(j, w[b * group + j], four[j]);
            }
            sums.finish(into.start + voice * into.start_stride + p * lanes, into.y + voice * into.y_stride + p * lanes,
                        into.relu);
        }
    }
}

// ---------------------------------------------------------------- matrices in whole numbers

// y = start + (float(sum) * row) * scale
inline void finish(const Ints& sum, const float* rows, float scale, const float* start, float* y, bool relu) {
    const Vector product = __builtin_convertvector(sum, Vector) * load(rows) * scale;
    const Vector total = load(start) + product;
    store(relu ? (total > 0.0f ? total : Vector{}) : total, y);
}

// `voices` of them, and `side` panels of a tile that has `pitch` of them.
template <int voices, int side>
inline void dense8_tile(const Bytes* w, int pitch, const std::int32_t* row_sums, const float* scales, int groups,
                        const Quantised& x, int voice, int row, const Into& into) {
    Ints sums[voices][side][vectors];
    for (int s = 0; s < side; ++s) {
        for (int v = 0; v < vectors; ++v) {
            const Ints first = load<Ints>(row_sums + s * lanes + v * width) * (x.offset - zero);
            for (int n = 0; n < voices; ++n) sums[n][s][v] = first;
        }
    }
    const std::int8_t* bytes = x.bytes + voice * x.stride;
    for (int g = 0; g < groups; ++g, w += pitch, bytes += group) {
        for (int n = 0; n < voices; ++n) {
            const Four four(bytes + n * x.stride);
            for (int s = 0; s < side; ++s) {
                for (int v = 0; v < vectors; ++v) sums[n][s][v] = dot(sums[n][s][v], w[s].at[v * width], four);
            }
        }
    }
    for (int n = 0; n < voices; ++n) {
        for (int s = 0; s < side; ++s) {
            for (int v = 0; v < vectors; ++v) {
                const int at = row + s * lanes + v * width;
                finish(sums[n][s][v], scales + s * lanes + v * width, x.scales[voice + n],
                       into.start + (voice + n) * into.start_stride + at, into.y + (voice + n) * into.y_stride + at,
                       into.relu);
            }
        }
    }
}

void dense8(const Bytes* w, const std::int32_t* row_sums, const float* scales, int panels, int groups,
            const Quantised& x, const Into& into) noexcept {
    for (int p = 0; p < panels; p += tile) {
        const int side = panels - p < tile ? panels - p : tile;
        int voice = 0;
        if (side == tile) {
            if constexpr (width == 16) {  // enough registers for four voices
                for (; voice + 4 <= into.voices; voice += 4)
                    dense8_tile<4, tile>(w, tile, row_sums, scales, groups, x, voice, p * lanes, into);
                for (; voice + 2 <= into.voices; voice += 2)
                    dense8_tile<2, tile>(w, tile, row_sums, scales, groups, x, voice, p * lanes, into);
            }
            for (; voice < into.voices; ++voice)
                dense8_tile<1, tile>(w, tile, row_sums, scales, groups, x, voice, p * lanes, into);
        }
        for (; voice < into.voices; ++voice) {
            for (int s = 0; s < side; ++s) {
                const Bytes* of = groups > 0 ? w + s : w;  // without columns there are no weights at all
                dense8_tile<1, 1>(of, side, row_sums + s * lanes, scales + s * lanes, groups, x, voice, (p + s) * lanes,
                                  into);
            }
        }
        w += static_cast<std::ptrdiff_t>(side) * groups;
        row_sums += side * lanes;
        scales += side * lanes;
    }
}

void sparse8(const Bytes* w, const Blocks& blocks, const std::int32_t* row_sums, const float* scales, int panels,
             const Quantised& x, const Into& into) noexcept {
    for (int p = 0; p < panels; ++p) {
        const std::int32_t from = blocks.first[p], to = blocks.first[p + 1];
        for (int voice = 0; voice < into.voices; ++voice) {
            const std::int8_t* bytes = x.bytes + voice * x.stride;
            Ints sums[4][vectors] = {};
            for (int v = 0; v < vectors; ++v)
                sums[0][v] = load<Ints>(row_sums + p * lanes + v * width) * (x.offset - zero);
            std::int32_t b = from;
            for (; b + 4 <= to; b += 4) {
                for (int j = 0; j < 4; ++j) {
                    const Four four(bytes + blocks.groups[b + j] * group);
                    for (int v = 0; v < vectors; ++v) sums[j][v] = dot(sums[j][v], w[b + j].at[v * width], four);
                }
            }
            for (; b < to; ++b) {
                const Four four(bytes + blocks.groups[b] * group);
                for (int v = 0; v < vectors; ++v) sums[0][v] = dot(sums[0][v], w[b].at[v * width], four);
            }
            for (int v = 0; v < vectors; ++v) {
                const int at = p * lanes + v * width;
                finish((sums[0][v] + sums[1][v]) + (sums[2][v] + sums[3][v]), scales + at, x.scales[voice],
                       into.start + voice * into.start_stride + at, into.y + voice * into.y_stride + at, into.relu);
            }
        }
    }
}

template <int side>
inline void dense4_tile(const Nibbles* w, const Lanes* scales, int blocks, const Quantised& x, int voice, int row,
                        const Into& into) {
    Vector totals[side][vectors] = {};
    const std::int8_t* bytes = x.bytes + voice * x.stride;
    const std::int32_t* inputs = x.sums + voice * x.sums_stride;
    for (int b = 0; b < blocks; ++b, scales += side) {
        // A weight is its half byte less 8.
        Ints sums[side][vectors];
        for (auto& panel : sums) {
            for (auto& sum : panel) sum = Ints{} - 8 * inputs[b];
        }
        for (int g = 0; g < scaled_inputs / (2 * group); ++g, w += side, bytes += 2 * group) {
            const Ints low = four_bytes(bytes) + Ints{}, high = four_bytes(bytes + group) + Ints{};
            for (int s = 0; s < side; ++s) {
                for (int v = 0; v < vectors; ++v) {
                    const Ints both = load<Ints>(w[s].at[v * width]);
                    sums[s][v] = dot_unsigned(sums[s][v], both & 0x0f0f0f0f, low);
                    sums[s][v] = dot_unsigned(sums[s][v], (both >> 4) & 0x0f0f0f0f, high);
                }
            }
        }
        for (int s = 0; s < side; ++s) {
            for (int v = 0; v < vectors; ++v) {
                totals[s][v] += __builtin_convertvector(sums[s][v], Vector) * load(scales[s].at + v * width);
            }
        }
    }
    for (int s = 0; s < side; ++s) {
        for (int v = 0; v < vectors; ++v) {
            const int at = row + s * lanes + v * width;
            const Vector total = load(into.start + voice * into.start_stride + at) + totals[s][v] * x.scales[voice];
            store(into.relu ? (total > 0.0f ? total : Vector{}) : total, into.y + voice * into.y_stride + at);
        }
    }
}

void dense4(const Nibbles* w, const Lanes* scales, int panels, int blocks, const Quantised& x,
            const Into& into) noexcept {
    for (int p = 0; p < panels; p += tile) {
        const int side = panels - p < tile ? panels - p : tile;
        for (int voice = 0; voice < into.voices; ++voice) {
            const int row = p * lanes;
            switch (side) {
                case 1: dense4_tile<1>(w, scales, blocks, x, voice, row, into); break;
                case 2: dense4_tile<2>(w, scales, blocks, x, voice, row, into); break;
                case 3: dense4_tile<3>(w, scales, blocks, x, voice, row, into); break;
                default: dense4_tile<4>(w, scales, blocks, x, voice, row, into);
            }
        }
        w += static_cast<std::ptrdiff_t>(side) * blocks * (scaled_inputs / (2 * group));
        scales += static_cast<std::ptrdiff_t>(side) * blocks;
    }
}

void quantise(const float* __restrict x, int n, float limit, std::int8_t* __restrict bytes,
              std::int32_t* __restrict sums, float* scale) noexcept {
    constexpr float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number, to nearest even
    const bool rectified = limit < 0;
    const float low = rectified ? 0.0f : -127.0f, high = rectified ? 254.0f : 127.0f,
                offset = rectified ? 127.0f : 0.0f;
    if (!(limit > 0)) {
        Vector most = {};
        int i = 0;
        for (; i + width <= n; i += width) {
            const Vector v = load(x + i), size = v > 0.0f ? v : -v;
            most = size > most ? size : most;
        }
        limit = 0;
        for (int lane = 0; lane < width; ++lane) limit = most[lane] > limit ? most[lane] : limit;
        for (; i < n; ++i) {
            const float size = x[i] > 0 ? x[i] : -x[i];
            limit = size > limit ? size : limit;
        }
        limit = limit < 1e30f ? limit : 1e30f;
    }
    const bool silent = !(limit > 1e-30f);
    const float fine = silent ? 0.0f : high / limit;
    *scale = silent ? 0.0f : limit / high;
    for (int i = 0; i < n; ++i) {
        float v = x[i] * fine;
        v = v < high ? v : high;  // NaN too
        v = v > low ? v : low;
        bytes[i] = static_cast<std::int8_t>(static_cast<std::int32_t>(((v + magic) - magic) - offset));
    }
    const int end = (n + scaled_inputs - 1) / scaled_inputs * scaled_inputs;
    for (int i = n; i < end; ++i) bytes[i] = static_cast<std::int8_t>(-offset);
    for (int i = 0; sums && i < end; i += scaled_inputs) {
        std::int32_t sum = 0;
        for (int j = 0; j < scaled_inputs; ++j) sum += bytes[i + j];
        sums[i / scaled_inputs] = sum;
    }
}

// ---------------------------------------------------------------- the rest

typedef double Doubles __attribute__((vector_size(width * sizeof(float))));
constexpr int doubles = width / 2;

// 4 rows and `wide` vectors of c, kept in registers while k runs.
template <int wide>
inline void multiply_tile(const double* a, const double* b, double* c, int k, int n) {
    Doubles sums[4][wide];
    for (int i = 0; i < 4; ++i) {
        for (int v = 0; v < wide; ++v) sums[i][v] = load<Doubles>(c + static_cast<std::ptrdiff_t>(i) * n + v * doubles);
    }
    for (int j = 0; j < k; ++j, b += n) {
        for (int v = 0; v < wide; ++v) {
            const auto row = load<Doubles>(b + v * doubles);
            for (int i = 0; i < 4; ++i) sums[i][v] += a[static_cast<std::ptrdiff_t>(i) * k + j] * row;
        }
    }
    for (int i = 0; i < 4; ++i) {
        for (int v = 0; v < wide; ++v)
            __builtin_memcpy(c + static_cast<std::ptrdiff_t>(i) * n + v * doubles, &sums[i][v], sizeof sums[i][v]);
    }
}

void multiply(const double* a, const double* b, double* c, int m, int k, int n) noexcept {
    constexpr int wide = width == 16 ? 4 : 2, step = wide * doubles;
    const int whole_rows = m / 4 * 4, whole_cols = n / step * step;
    for (int l = 0; l < whole_cols; l += step) {  // these columns of b stay near while all rows pass
        for (int i = 0; i < whole_rows; i += 4) {
            multiply_tile<wide>(a + static_cast<std::ptrdiff_t>(i) * k, b + l,
                                c + static_cast<std::ptrdiff_t>(i) * n + l, k, n);
        }
    }
    for (int i = 0; i < m; ++i) {
        double* __restrict ci = c + static_cast<std::ptrdiff_t>(i) * n;
        for (int j = 0; j < k; ++j) {
            const double aij = a[static_cast<std::ptrdiff_t>(i) * k + j];
            const double* __restrict bj = b + static_cast<std::ptrdiff_t>(j) * n;
            for (int l = i < whole_rows ? whole_cols : 0; l < n; ++l) ci[l] += aij * bj[l];
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

void min_gru(const float* __restrict gi, float* __restrict h, int dim) noexcept {
    for (int d = 0; d < dim; ++d) {
        const float z = sigmoid(gi[d]);
        h[d] = (1.0f - z) * h[d] + z * gi[dim + d];
    }
}

void add_rows(const float* const* rows, int count, float* y, int n, bool rectify) noexcept {
    const auto last = [&](auto sum) { return rectify ? (sum > 0.0f ? sum : decltype(sum){}) : sum; };
    int i = 0;
    for (; i + lanes <= n; i += lanes) {
        Vector sums[vectors];
        for (int v = 0; v < vectors; ++v) sums[v] = load(y + i + v * width);
        for (int r = 0; r < count; ++r) {
            for (int v = 0; v < vectors; ++v) sums[v] += load(rows[r] + i + v * width);
        }
        for (int v = 0; v < vectors; ++v) store(last(sums[v]), y + i + v * width);
    }
    for (; i < n; ++i) {
        float sum = y[i];
        for (int r = 0; r < count; ++r) sum += rows[r][i];
        y[i] = last(sum);
    }
}

int nonzero(const float* __restrict x, int n, std::uint16_t* __restrict columns) noexcept {
    int count = 0;
    for (int i = 0; i < n; ++i) {
        columns[count] = static_cast<std::uint16_t>(i);
        count += !(x[i] == 0.0f);  // NaN counts
    }
    return count;
}

float largest(const float* x, int n) noexcept {
    constexpr float most = 3.402823466e+38f;
    Vector best = Vector{} - most;
    int i = 0;
    for (; i + width <= n; i += width) {
        const Vector v = load(x + i);
        const Vector finite = v <= most ? v : best;  // NaN too is left out
        best = finite > best ? finite : best;
    }
    float top = -most;
    for (int lane = 0; lane < width; ++lane) top = best[lane] > top ? best[lane] : top;
    for (; i < n; ++i) top = x[i] > top && x[i] <= most ? x[i] : top;
    return top + 0.0f;  // where denormals are zeros, one zero for all of them
}

std::uint64_t weigh(const float* __restrict x, float top, float sharpness, std::uint32_t* __restrict weights,
                    std::uint32_t* __restrict sums, int n) noexcept {
    constexpr float magic = 8388608.0f;  // 2^23: adding it rounds to a whole number, to nearest even
    for (int i = 0; i < n; ++i) {
        const float e = exponential((x[i] - top) * sharpness) * magic;
        weights[i] = static_cast<std::uint32_t>(static_cast<std::int32_t>(x[i] <= top ? (e + magic) - magic : 0.0f));
    }
    std::uint64_t total = 0;
    for (int i = 0; i < n; i += lanes) {
        std::uint32_t sum = 0;
        const int end = i + lanes < n ? i + lanes : n;
        for (int j = i; j < end; ++j) sum += weights[j];
        sums[i / lanes] = sum;
        total += sum;
    }
    return total;
}

constexpr Kernels kernels_for(const char* isa) {
    return {isa,      dense<Lanes>, gather<Lanes>, dense<Halves>, gather<Halves>, sparse,        dense8, sparse8,
            dense4,   quantise,     multiply,      gru,           gru_gates,      gru_candidate, lstm,   min_gru,
            add_rows, nonzero,      largest,       weigh};
}

}  // namespace
}  // namespace legume::samplernn

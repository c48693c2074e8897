// Matrices: in double while the network is folded, in panels of floats, bytes or half bytes when it plays.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/kernels/kernels.h"
#include "nodes/samplernn/kernels/pages.h"

namespace legume::samplernn {

inline std::size_t index(int i) { return static_cast<std::size_t>(i); }
inline constexpr int padded(int n, int to = lanes) { return (n + to - 1) / to * to; }

// Double precision while folding; row major.
struct Dense {
    int rows = 0, cols = 0;
    std::vector<double> values;
    Dense() = default;
    Dense(int row_count, int col_count);
    Dense(int row_count, int col_count, const float* from);
    double* row(int r) { return values.data() + static_cast<std::size_t>(r) * static_cast<std::size_t>(cols); }
    const double* row(int r) const { return const_cast<Dense*>(this)->row(r); }
};
Dense multiply(const Kernels& kernels, const Dense& a, const Dense& b);  // [m, k] x [k, n]; sums run over k in order

// Numbers for each voice, [voices][padded(size)], to be written and read as they are.
class Rows {
  public:
    Rows() = default;
    Rows(int size, int voices)
        : stride_(padded(size)), values_(static_cast<std::size_t>(stride_) * static_cast<std::size_t>(voices)) {}
    float* of(int voice) { return values_.data() + voice * stride_; }
    const float* of(int voice) const { return values_.data() + voice * stride_; }
    std::ptrdiff_t stride() const { return stride_; }
    std::vector<float>& values() { return values_; }
    const std::vector<float>& values() const { return values_; }

  private:
    std::ptrdiff_t stride_ = 0;
    std::vector<float> values_;
};

// An input of matrices: a vector for each voice. Write its rows, then seal it: seal makes what the precision reads.
class Vectors {
  public:
    enum class Size { bounded, free, rectified };  // at most `limit`; any; any and never negative
    Vectors() = default;
    Vectors(int size, int voices, Precision precision, Size kind, float limit = 1);
    float* of(int voice) { return rows_.of(voice); }
    const float* of(int voice) const { return rows_.of(voice); }
    std::ptrdiff_t stride() const { return rows_.stride(); }
    void seal(const Kernels& kernels) noexcept;

  private:
    friend class Matrix;
    int size_ = 0, voices_ = 0;
    Precision precision_ = Precision::fp32;
    Size kind_ = Size::bounded;
    float limit_ = 0;  // as the quantise kernel takes it
    Rows rows_;
    std::vector<std::int8_t> bytes_;
    std::vector<std::int32_t> sums_;
    std::vector<float> scales_;
    std::vector<std::uint16_t> columns_;
    std::vector<int> counts_;
};

// A matrix as the kernels read it. Missing rows are zero.
class Matrix {
  public:
    Matrix() = default;
    // Pruned: of its blocks of 16 rows x 4 columns those that are all zero are left out; int4 is int8 then.
    explicit Matrix(const Dense& from, Precision precision = Precision::fp32, bool pruned = false);
    int rows() const { return rows_; }
    std::size_t bytes() const {
        return bytes_of(floats_) + bytes_of(halves_) + bytes_of(blocks_) + bytes_of(nibbles_) + bytes_of(groups_) +
               bytes_of(steps_) + bytes_of(scales_) + bytes_of(sums_);
    }
    // y = start + W x, then max(y, 0) with `relu`, of each voice. start is the same for all voices when its stride is
    // 0; y and start have padded(rows) floats for each voice and may be the same.
    void apply(const Kernels& kernels, const Vectors& x, const float* start, std::ptrdiff_t start_stride, float* y,
               std::ptrdiff_t y_stride, bool relu = false) const noexcept {
        apply_slice(kernels, x, start, start_stride, y, y_stride, relu, 0, slices());
    }
    // The work in equal parts, `from` to `to` of them: rows are independent, so that it may be done bit by bit.
    int slices() const { return (padded(rows_) / lanes + tile - 1) / tile; }
    void apply_slice(const Kernels& kernels, const Vectors& x, const float* start, std::ptrdiff_t start_stride,
                     float* y, std::ptrdiff_t y_stride, bool relu, int from, int to) const noexcept;

  private:
    template <class T>
    static std::size_t bytes_of(const Weights<T>& v) {
        return v.size() * sizeof(T);
    }
    void pack_floats(const Dense& from);
    void pack_bytes(const Dense& from);
    void pack_nibbles(const Dense& from);
    int panels() const { return padded(rows_) / lanes; }

    int rows_ = 0, cols_ = 0;
    Precision precision_ = Precision::fp32;
    bool pruned_ = false;
    Weights<Lanes> floats_;
    Weights<Halves> halves_;  // instead of floats, where they say the same
    Weights<Bytes> blocks_;
    Weights<Nibbles> nibbles_;
    Weights<Lanes> steps_;             // of nibbles: the scales of each block of inputs
    Weights<std::uint16_t> groups_;    // of a pruned matrix
    std::vector<std::int32_t> first_;  // of a pruned matrix, panels + 1
    Weights<float> scales_;            // of bytes, [padded(rows)]
    Weights<std::int32_t> sums_;       // of bytes, [padded(rows)]
};

}  // namespace legume::samplernn

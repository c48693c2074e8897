// Packs matrices the way the kernels read them, and quantises them in double, to nearest even.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/kernels/matrix.h"

#include <algorithm>

#include "graph/base/math.h"
#include "nodes/samplernn/checkpoint/half.h"

namespace legume::samplernn {
namespace {

double largest(const double* x, int from, int to) {
    double most = 0;
    for (int i = from; i < to; ++i) most = std::max(most, x[i] < 0 ? -x[i] : x[i]);
    return most;
}

// A weight in whole steps; a step of zero is a row of zeros.
int steps(double weight, double step, int most) {
    return step > 0 ? std::clamp(static_cast<int>(math::round_even(weight / step)), -most, most) : 0;
}

bool is_zero(const Dense& from, int panel, int group_number) {
    for (int r = panel * lanes; r < std::min((panel + 1) * lanes, from.rows); ++r) {
        for (int c = group_number * group; c < std::min((group_number + 1) * group, from.cols); ++c) {
            if (from.row(r)[c] != 0) return false;
        }
    }
    return true;
}

}  // namespace

Dense::Dense(int row_count, int col_count)
    : rows(row_count),
      cols(col_count),
      values(static_cast<std::size_t>(row_count) * static_cast<std::size_t>(col_count)) {}

Dense::Dense(int row_count, int col_count, const float* from) : Dense(row_count, col_count) {
    for (auto& v : values) v = *from++;
}

Dense multiply(const Kernels& kernels, const Dense& a, const Dense& b) {
    Dense c(a.rows, b.cols);
    kernels.multiply(a.values.data(), b.values.data(), c.values.data(), a.rows, a.cols, b.cols);
    return c;
}

// ---------------------------------------------------------------- inputs

Vectors::Vectors(int size, int voices, Precision precision, Size kind, float limit)
    : size_(size),
      voices_(voices),
      precision_(precision),
      kind_(kind),
      limit_(kind == Size::bounded ? limit
             : kind == Size::free  ? 0.0f
                                   : -1.0f),
      rows_(padded(size, group), voices) {
    if (precision == Precision::fp32) {
        if (kind != Size::rectified) return;
        columns_.resize(index(size) * index(voices));
        counts_.resize(index(voices));
    } else {
        bytes_.resize(index(padded(size, scaled_inputs)) * index(voices));
        if (precision == Precision::int4) sums_.resize(bytes_.size() / scaled_inputs);
        scales_.resize(index(voices));
    }
}

void Vectors::seal(const Kernels& kernels) noexcept {
    for (int voice = 0; voice < voices_; ++voice) {
        if (precision_ != Precision::fp32) {
            const int stride = padded(size_, scaled_inputs);
            kernels.quantise(of(voice), size_, limit_, bytes_.data() + voice * stride,
                             sums_.empty() ? nullptr : sums_.data() + voice * (stride / scaled_inputs),
                             &scales_[index(voice)]);
        } else if (kind_ == Size::rectified) {
            counts_[index(voice)] = kernels.nonzero(of(voice), size_, columns_.data() + voice * size_);
        }
    }
}

// ---------------------------------------------------------------- matrices

Matrix::Matrix(const Dense& from, Precision precision, bool pruned)
    : rows_(from.rows), cols_(from.cols), precision_(pruned ? without_int4(precision) : precision), pruned_(pruned) {
    if (pruned_) {
        std::vector<std::uint16_t> kept;
        for (int p = 0; p < panels(); ++p) {
            first_.push_back(static_cast<std::int32_t>(kept.size()));
            for (int g = 0; g < padded(cols_, group) / group; ++g) {
                if (!is_zero(from, p, g)) kept.push_back(static_cast<std::uint16_t>(g));
            }
        }
        first_.push_back(static_cast<std::int32_t>(kept.size()));
        groups_.assign(kept.begin(), kept.end());
    }
    switch (precision_) {
        case Precision::fp32: pack_floats(from); break;
        case Precision::int8: pack_bytes(from); break;
        case Precision::int4: pack_nibbles(from); break;
    }
}

void Matrix::pack_floats(const Dense& from) {
    std::vector<Lanes> packed;
    const auto pack = [&](int panel, int c) {
        Lanes all{};
        for (int r = panel * lanes; c < cols_ && r < std::min((panel + 1) * lanes, rows_); ++r)
            all.at[r % lanes] = static_cast<float>(from.row(r)[c]);
        packed.push_back(all);
    };
    for (int p = 0; p < panels(); ++p) {
        if (pruned_) {
            for (int b = first_[index(p)]; b < first_[index(p + 1)]; ++b) {
                for (int j = 0; j < group; ++j) pack(p, groups_[index(b)] * group + j);
            }
        } else {
            for (int c = 0; c < cols_; ++c) pack(p, c);
        }
    }
    // The weights of a checkpoint that is stored in half precision, unless they were folded.
    const bool exact = std::all_of(from.values.begin(), from.values.end(),
                                   [](double v) { return from_half(to_half(static_cast<float>(v))) == v; });
    if (pruned_ || !exact) {
        floats_.assign(packed.begin(), packed.end());
        return;
    }
    halves_.resize(packed.size());
    for (std::size_t i = 0; i < packed.size(); ++i) {
        for (int lane = 0; lane < lanes; ++lane) halves_[i].at[lane] = to_half(packed[i].at[lane]);
    }
}

void Matrix::pack_bytes(const Dense& from) {
    scales_.resize(index(padded(rows_)));
    sums_.resize(scales_.size());
    for (int r = 0; r < rows_; ++r) scales_[index(r)] = static_cast<float>(largest(from.row(r), 0, cols_) / 127);
    const auto block = [&](int panel, int g) {
        Bytes all{};
        for (int r = panel * lanes; r < std::min((panel + 1) * lanes, rows_); ++r) {
            for (int c = g * group; c < std::min((g + 1) * group, cols_); ++c) {
                const int weight = steps(from.row(r)[c], scales_[index(r)], 127);
                all.at[r % lanes][c % group] = static_cast<std::int8_t>(weight);
                sums_[index(r)] += weight;
            }
        }
        blocks_.push_back(all);
    };
    blocks_.reserve(pruned_ ? groups_.size() : index(panels()) * index(padded(cols_, group) / group));
    if (pruned_) {
        for (int p = 0; p < panels(); ++p) {
            for (int b = first_[index(p)]; b < first_[index(p + 1)]; ++b) block(p, groups_[index(b)]);
        }
        return;
    }
    for (int t = 0; t < panels(); t += tile) {
        for (int g = 0; g < padded(cols_, group) / group; ++g) {
            for (int p = t; p < std::min(t + tile, panels()); ++p) block(p, g);
        }
    }
}

void Matrix::pack_nibbles(const Dense& from) {
    const int blocks = padded(cols_, scaled_inputs) / scaled_inputs;
    steps_.reserve(index(panels()) * index(blocks));
    nibbles_.reserve(steps_.capacity() * (scaled_inputs / (2 * group)));
    for (int t = 0; t < panels(); t += tile) {
        const int end = std::min(t + tile, panels());
        for (int b = 0; b < blocks; ++b) {
            const int c0 = b * scaled_inputs, c1 = std::min(c0 + scaled_inputs, cols_);
            for (int p = t; p < end; ++p) {
                Lanes scale{};
                for (int r = p * lanes; r < std::min((p + 1) * lanes, rows_); ++r)
                    scale.at[r % lanes] = static_cast<float>(largest(from.row(r), c0, c1) / 7);
                steps_.push_back(scale);
            }
            for (int c = c0; c < c0 + scaled_inputs; c += 2 * group) {
                for (int p = t; p < end; ++p) {
                    const Lanes& scale = steps_[steps_.size() - index(end - p)];
                    const auto half = [&](int r, int col) {
                        if (r >= rows_ || col >= cols_) return 8;
                        return 8 + samplernn::steps(from.row(r)[col], scale.at[r % lanes], 7);
                    };
                    Nibbles all{};
                    for (int lane = 0; lane < lanes; ++lane) {
                        for (int j = 0; j < group; ++j) {
                            const int r = p * lanes + lane;
                            all.at[lane][j] = static_cast<std::uint8_t>(half(r, c + j) | half(r, c + group + j) << 4);
                        }
                    }
                    nibbles_.push_back(all);
                }
            }
        }
    }
}

void Matrix::apply_slice(const Kernels& kernels, const Vectors& x, const float* start, std::ptrdiff_t start_stride,
                         float* y, std::ptrdiff_t y_stride, bool relu, int from, int to) const noexcept {
    const int first = from * tile, count = std::min(to * tile, panels()) - first;
    if (count <= 0) return;
    const Into into{x.voices_, start + first * lanes, start_stride, y + first * lanes, y_stride, relu};
    const std::ptrdiff_t stride = x.rows_.stride();
    const Blocks blocks{groups_.data(), pruned_ ? first_.data() + first : nullptr};
    if (precision_ == Precision::fp32) {
        if (pruned_) {
            kernels.sparse(floats_.data(), blocks, count, x.of(0), stride, into);
            return;
        }
        const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(first) * cols_;
        const Nonzero nonzero{x.columns_.data(), x.counts_.data(), x.size_};
        const bool rectified = x.kind_ == Vectors::Size::rectified && x.precision_ == Precision::fp32;
        if (halves_.empty()) {
            rectified ? kernels.gather(floats_.data() + at, count, cols_, x.of(0), stride, nonzero, into)
                      : kernels.dense(floats_.data() + at, count, cols_, x.of(0), stride, into);
        } else {
            rectified ? kernels.gather_half(halves_.data() + at, count, cols_, x.of(0), stride, nonzero, into)
                      : kernels.dense_half(halves_.data() + at, count, cols_, x.of(0), stride, into);
        }
        return;
    }
    const std::ptrdiff_t byte_stride = padded(x.size_, scaled_inputs);
    const Quantised bytes{x.bytes_.data(),  byte_stride,
                          x.sums_.data(),   byte_stride / scaled_inputs,
                          x.scales_.data(), x.kind_ == Vectors::Size::rectified ? 127 : 0};
    if (precision_ == Precision::int4) {
        const std::ptrdiff_t n = padded(cols_, scaled_inputs) / scaled_inputs, at = first * n;
        kernels.dense4(nibbles_.data() + at * (scaled_inputs / (2 * group)), steps_.data() + at, count,
                       static_cast<int>(n), bytes, into);
        return;
    }
    const std::int32_t* sums = sums_.data() + first * lanes;
    const float* scales = scales_.data() + first * lanes;
    if (pruned_) {
        kernels.sparse8(blocks_.data(), blocks, sums, scales, count, bytes, into);
    } else {
        const int groups = padded(cols_, group) / group;
        kernels.dense8(blocks_.data() + static_cast<std::ptrdiff_t>(first) * groups, sums, scales, count, groups, bytes,
                       into);
    }
}

}  // namespace legume::samplernn

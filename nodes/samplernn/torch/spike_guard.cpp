// Medians of the last hundred steps: a spike does not move them, a lasting change does.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/torch/spike_guard.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace legume::samplernn {
namespace {

constexpr std::size_t remembered = 101;
constexpr std::size_t enough = 32;
constexpr std::int64_t patience = 8;  // steps skipped in a row
constexpr std::int64_t not_finite_at_most = 5;
constexpr double norm_factor = 10;  // times the median; clipping takes care of less
constexpr double bits_factor = 1.5, bits_more = 1;

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

void remember(std::vector<double>& values, double value) {
    if (!std::isfinite(value)) return;
    if (values.size() == remembered) values.erase(values.begin());
    values.push_back(value);
}

}  // namespace

double SpikeGuard::usual_bits() const { return median(bits_); }
double SpikeGuard::usual_norm() const { return median(norms_); }

double SpikeGuard::most_bits() const {
    if (bits_.size() < enough || in_a_row_ >= patience) return std::numeric_limits<double>::infinity();
    return bits_factor * usual_bits() + bits_more;
}

double SpikeGuard::most_norm() const {
    if (norms_.size() < enough || in_a_row_ >= patience) return std::numeric_limits<double>::infinity();
    return norm_factor * usual_norm();
}

void SpikeGuard::saw_bits(double bits) { remember(bits_, bits); }
void SpikeGuard::saw_norm(double norm) { remember(norms_, norm); }

void SpikeGuard::skipped(bool finite) {
    ++skips_;
    ++in_a_row_;
    not_finite_ = finite ? 0 : not_finite_ + 1;
}

bool SpikeGuard::hopeless() const { return not_finite_ >= not_finite_at_most; }

std::vector<double> SpikeGuard::save() const {
    std::vector<double> all{static_cast<double>(skips_), static_cast<double>(in_a_row_),
                            static_cast<double>(not_finite_), static_cast<double>(bits_.size())};
    all.insert(all.end(), bits_.begin(), bits_.end());
    all.insert(all.end(), norms_.begin(), norms_.end());
    return all;
}

void SpikeGuard::load(const std::vector<double>& saved) {
    *this = {};
    if (saved.size() < 4) return;
    skips_ = static_cast<std::int64_t>(saved[0]);
    in_a_row_ = static_cast<std::int64_t>(saved[1]);
    not_finite_ = static_cast<std::int64_t>(saved[2]);
    const auto middle = saved.begin() + 4 + static_cast<std::ptrdiff_t>(saved[3]);
    bits_.assign(saved.begin() + 4, middle);
    norms_.assign(middle, saved.end());
}

}  // namespace legume::samplernn

// A small Fourier transform, and sums over it.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/takes/measure.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "graph/base/math.h"

namespace legume::samplernn {
namespace {

constexpr std::size_t window = 1'024, most_frames = 4'096;
constexpr std::size_t segment_frames = 8;                    // over which power is averaged, so that noise is flat
constexpr std::size_t most_compared = std::size_t{1} << 18;  // samples
constexpr double silent_db = -60, noisy = 0.7, still_db = 1, looped = 0.95, leaning = 0.05;

struct Wave {
    std::vector<double> re, im;
    explicit Wave(std::size_t n) : re(n), im(n) {}
};

// In place, radix 2 (Cooley and Tukey 1965).
class Fourier {
  public:
    explicit Fourier(std::size_t n) : n_(n) {
        for (std::size_t i = 0; i < n / 2; ++i) {
            const double turns = static_cast<double>(i) / static_cast<double>(n);
            cos_.push_back(math::sin_turns(turns + 0.25));
            sin_.push_back(-math::sin_turns(turns));
        }
    }
    void operator()(Wave& x) const {
        for (std::size_t i = 1, j = 0; i < n_; ++i) {
            std::size_t bit = n_ >> 1;
            for (; j & bit; bit >>= 1) j ^= bit;
            j ^= bit;
            if (i >= j) continue;
            std::swap(x.re[i], x.re[j]);
            std::swap(x.im[i], x.im[j]);
        }
        for (std::size_t half = 1; half < n_; half *= 2)
            for (std::size_t at = 0; at < n_; at += 2 * half)
                for (std::size_t k = 0; k < half; ++k) {
                    const std::size_t a = at + k, b = a + half, w = k * (n_ / (2 * half));
                    const double re = x.re[b] * cos_[w] - x.im[b] * sin_[w];
                    const double im = x.re[b] * sin_[w] + x.im[b] * cos_[w];
                    x.re[b] = x.re[a] - re;
                    x.im[b] = x.im[a] - im;
                    x.re[a] += re;
                    x.im[a] += im;
                }
    }

  private:
    std::size_t n_;
    std::vector<double> cos_, sin_;
};

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

// Mean power of each segment.
std::vector<std::vector<double>> segments(const Spectra& s) {
    std::vector<std::vector<double>> all;
    for (std::size_t at = 0; at + segment_frames <= s.frames(); at += segment_frames) {
        std::vector<double> mean(s.bands);
        for (std::size_t i = 0; i < segment_frames; ++i)
            for (std::size_t k = 0; k < s.bands; ++k)
                mean[k] += static_cast<double>(s.frame(at + i)[k]) / double{segment_frames};
        all.push_back(std::move(mean));
    }
    return all;
}

// The two lowest bins are DC and what the window spreads of it.
double flatness(const std::vector<double>& power) {
    double logs = 0, sum = 0;
    for (std::size_t k = 2; k < power.size(); ++k) {
        logs += math::log(power[k] + 1e-20);
        sum += power[k] + 1e-20;
    }
    const auto n = static_cast<double>(power.size() - 2);
    return math::exp(logs / n) / (sum / n);
}

// The median over 16 bands, each half as wide again as the one below, of how far its level moves; what is 60 dB below
// the loudest is not heard and does not move.
double change(const std::vector<std::vector<double>>& all) {
    if (all.size() < 2) return 0;
    std::vector<std::vector<double>> levels(all.size());
    double loudest = -1'000;
    for (std::size_t s = 0; s < all.size(); ++s)
        for (std::size_t band = 0, from = 2; from < all[s].size(); ++band) {
            const std::size_t to = std::min(all[s].size(), std::max(from + 2, from + from / 2));
            double sum = 1e-20;
            for (std::size_t k = from; k < to; ++k) sum += all[s][k];
            levels[s].push_back(10 * math::log10(sum));
            loudest = std::max(loudest, levels[s].back());
            from = to;
        }
    std::vector<double> moves;
    for (std::size_t band = 0; band < levels[0].size(); ++band) {
        double sum = 0, squares = 0;
        for (const auto& segment : levels) {
            const double level = std::max(segment[band], loudest - 60);
            sum += level;
            squares += level * level;
        }
        const auto n = static_cast<double>(levels.size());
        moves.push_back(math::pow(std::max(0.0, squares / n - sum / n * (sum / n)), 0.5));
    }
    return median(moves);
}

// The largest normalised autocorrelation from 50 ms on, up to half the sound.
double repetition(std::span<const float> sound, double mean, double rate) {
    sound = sound.first(std::min(sound.size(), most_compared));
    const std::size_t n = std::bit_ceil(2 * sound.size());
    Wave x(n);
    std::vector<double> energy(sound.size() + 1);  // of what is before
    for (std::size_t i = 0; i < sound.size(); ++i) {
        x.re[i] = static_cast<double>(sound[i]) - mean;
        energy[i + 1] = energy[i] + x.re[i] * x.re[i];
    }
    const Fourier transform(n);
    transform(x);
    for (std::size_t k = 0; k < n; ++k) {
        x.re[k] = x.re[k] * x.re[k] + x.im[k] * x.im[k];
        x.im[k] = 0;
    }
    transform(x);
    double best = 0;
    for (auto lag = static_cast<std::size_t>(0.05 * rate); lag <= sound.size() / 2; ++lag) {
        const std::size_t left = sound.size() - lag;
        const double both = energy[left] * (energy[sound.size()] - energy[lag]);
        if (both > 0) best = std::max(best, x.re[lag] / static_cast<double>(n) / math::pow(both, 0.5));
    }
    return std::min(best, 1.0);
}

}  // namespace

Spectra spectra(std::span<const float> sound) {
    Spectra s{window / 2, {}};
    if (sound.empty()) return s;
    const std::size_t hop = std::max(window / 2, (sound.size() + most_frames - 1) / most_frames);
    const Fourier transform(window);
    Wave x(window);
    std::size_t at = 0;
    do {
        for (std::size_t i = 0; i < window; ++i) {
            const double hann = 0.5 - 0.5 * math::sin_turns(static_cast<double>(i) / double{window} + 0.25);
            x.re[i] = at + i < sound.size() ? hann * static_cast<double>(sound[at + i]) : 0;
            x.im[i] = 0;
        }
        transform(x);
        for (std::size_t k = 0; k < s.bands; ++k)
            s.power.push_back(
                static_cast<float>((x.re[k] * x.re[k] + x.im[k] * x.im[k]) * 16 / (double{window} * double{window})));
        at += hop;
    } while (at + window <= sound.size());
    return s;
}

Measures measure(std::span<const float> sound, const Spectra& s, double rate) {
    Measures m;
    if (sound.empty()) return m;
    double sum = 0, squares = 0, weighted = 0, power = 1e-20;
    for (const float x : sound) {
        sum += static_cast<double>(x);
        squares += static_cast<double>(x) * static_cast<double>(x);
    }
    const auto n = static_cast<double>(sound.size());
    m.dc = sum / n;
    m.level = math::decibels(math::pow(std::max(0.0, squares / n - m.dc * m.dc), 0.5));
    const auto all = segments(s);
    std::vector<double> flat;
    for (const auto& segment : all) {
        flat.push_back(flatness(segment));
        for (std::size_t k = 2; k < segment.size(); ++k) {
            power += segment[k];
            weighted += segment[k] * static_cast<double>(k);
        }
    }
    m.flatness = median(flat);
    m.centroid = weighted / power * rate / double{window};
    m.change = change(all);
    m.repetition = repetition(sound, m.dc, rate);

    if (m.level < silent_db) {
        m.flags.emplace_back("silence");
    } else if (m.flatness > noisy) {
        m.flags.emplace_back("noise");
    } else {
        if (all.size() >= 4 && m.change < still_db) m.flags.emplace_back("one texture");
        if (m.repetition > looped) m.flags.emplace_back("loop");
    }
    if (m.dc > leaning || m.dc < -leaning) m.flags.emplace_back("DC");
    return m;
}

}  // namespace legume::samplernn

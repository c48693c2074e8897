// Partitioned convolution.
// SPDX-License-Identifier: MIT
#include "nodes/dsp/convolution.h"

#include <algorithm>

namespace legume::dsp {
namespace {

constexpr auto shorts = static_cast<std::size_t>(Impulse::short_frames);
constexpr auto longs = static_cast<std::size_t>(Impulse::long_frames);
constexpr std::size_t slots = longs / shorts;

Spectra transformed(std::span<const float> frames, std::size_t length) {
    Spectra spectra;
    Fft fft(static_cast<int>(2 * length));
    spectra.resize((frames.size() + length - 1) / length, static_cast<std::size_t>(fft.bins()));
    std::vector<Bin> bins(spectra.bins);
    std::vector<float> piece(2 * length);
    for (std::size_t k = 0; k < spectra.count(); ++k) {
        const auto part = frames.subspan(k * length, std::min(length, frames.size() - k * length));
        std::fill(piece.begin(), piece.end(), 0.0f);
        std::copy(part.begin(), part.end(), piece.begin());
        fft.forward(piece.data(), bins.data());
        spectra.store(k, bins);
    }
    return spectra;
}

}  // namespace

void Spectra::resize(std::size_t partitions, std::size_t of_bins) {
    bins = of_bins;
    re.assign(partitions * bins, 0.0f);
    im.assign(partitions * bins, 0.0f);
}

void Spectra::store(std::size_t partition, std::span<const Bin> spectrum) noexcept {
    for (std::size_t k = 0; k < bins; ++k) {
        re[partition * bins + k] = spectrum[k].re;
        im[partition * bins + k] = spectrum[k].im;
    }
}

Impulse::Impulse(std::span<const float> frames) {
    const auto split = std::min<std::size_t>(frames.size(), head_frames);
    head = transformed(frames.first(split), shorts);
    tail = transformed(frames.subspan(split), longs);
}

Convolution::Convolution(const Impulse& impulse)
    : impulse_(impulse),
      heard_(2 * shorts),
      collected_(2 * longs),
      playing_(longs),
      frames_(2 * longs),
      re_(shorts + 1),
      im_(shorts + 1),
      tail_re_(longs + 1),
      tail_im_(longs + 1),
      bins_(longs + 1) {
    head_.spectra.resize(std::max<std::size_t>(impulse.head.count(), 1), shorts + 1);
    tail_.spectra.resize(std::max<std::size_t>(impulse.tail.count(), 1), longs + 1);
}

void Convolution::Past::put(std::span<const Bin> spectrum) noexcept {
    const auto count = spectra.count();
    at = at + 1 >= count ? 0 : at + 1;
    known = std::min(known + 1, count);
    spectra.store(at, spectrum);
}

void Convolution::Past::add(const Spectra& impulse, std::size_t from, std::size_t to, std::vector<float>& re,
                            std::vector<float>& im) const noexcept {
    const auto bins = spectra.bins;
    for (std::size_t k = from; k < std::min(to, known); ++k) {
        const auto past = (at + spectra.count() - k) % spectra.count();
        const float* const hr = impulse.re.data() + k * bins;
        const float* const hi = impulse.im.data() + k * bins;
        const float* const xr = spectra.re.data() + past * bins;
        const float* const xi = spectra.im.data() + past * bins;
        float* const yr = re.data();
        float* const yi = im.data();
        for (std::size_t i = 0; i < bins; ++i) {
            yr[i] += hr[i] * xr[i] - hi[i] * xi[i];
            yi[i] += hr[i] * xi[i] + hi[i] * xr[i];
        }
    }
}

void Convolution::process(const float* in, float* out) noexcept {
    std::copy(heard_.begin() + shorts, heard_.end(), heard_.begin());
    std::copy_n(in, shorts, heard_.begin() + shorts);
    short_.forward(heard_.data(), bins_.data());
    head_.put(std::span(bins_).first(shorts + 1));
    std::fill(re_.begin(), re_.end(), 0.0f);
    std::fill(im_.begin(), im_.end(), 0.0f);
    head_.add(impulse_.head, 0, impulse_.head.count(), re_, im_);
    for (std::size_t k = 0; k <= shorts; ++k) bins_[k] = {re_[k], im_[k]};
    short_.inverse(bins_.data(), frames_.data());
    std::copy_n(frames_.data() + shorts, shorts, out);
    if (impulse_.tail.count() > 0) play_tail(in, out);
}

// While one long piece comes in and the one before is worked out, the one before that is heard: it begins two of them
// after its input, which is where the head ends.
void Convolution::play_tail(const float* in, float* out) noexcept {
    const auto count = impulse_.tail.count();
    if (slot_ == 0) {
        long_.forward(collected_.data(), bins_.data());
        tail_.put(bins_);
        std::copy(collected_.begin() + longs, collected_.end(), collected_.begin());
        std::fill(tail_re_.begin(), tail_re_.end(), 0.0f);
        std::fill(tail_im_.begin(), tail_im_.end(), 0.0f);
    }
    std::copy_n(in, shorts, collected_.begin() + static_cast<std::ptrdiff_t>(longs + slot_ * shorts));
    for (std::size_t i = 0; i < shorts; ++i) out[i] += playing_[slot_ * shorts + i];
    tail_.add(impulse_.tail, slot_ * count / slots, (slot_ + 1) * count / slots, tail_re_, tail_im_);
    if (++slot_ < slots) return;
    slot_ = 0;
    for (std::size_t k = 0; k <= longs; ++k) bins_[k] = {tail_re_[k], tail_im_[k]};
    long_.inverse(bins_.data(), frames_.data());
    std::copy_n(frames_.data() + longs, longs, playing_.data());
}

void Convolution::reset() noexcept {
    for (auto* frames : {&heard_, &collected_, &playing_}) std::fill(frames->begin(), frames->end(), 0.0f);
    for (auto* past : {&head_, &tail_}) past->at = past->known = 0;
    slot_ = 0;
}

}  // namespace legume::dsp

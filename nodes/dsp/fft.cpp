// Wraps KissFFT's real transforms.
// SPDX-License-Identifier: MIT
#include "nodes/dsp/fft.h"

#include <kiss_fftr.h>

#include <new>

namespace legume::dsp {

static_assert(sizeof(kiss_fft_cpx) == sizeof(Bin), "KissFFT has to be built for floats");

struct Fft::Plan {
    kiss_fftr_cfg forward, inverse;
    explicit Plan(int size)
        : forward(kiss_fftr_alloc(size, 0, nullptr, nullptr)), inverse(kiss_fftr_alloc(size, 1, nullptr, nullptr)) {}
    ~Plan() {
        kiss_fftr_free(forward);
        kiss_fftr_free(inverse);
    }
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;
};

Fft::Fft(int size) : plan_(new Plan(size)), size_(size) {
    if (!plan_->forward || !plan_->inverse) throw std::bad_alloc();
}

Fft::~Fft() = default;

void Fft::forward(const float* frames, Bin* bins) noexcept {
    kiss_fftr(plan_->forward, frames, reinterpret_cast<kiss_fft_cpx*>(bins));
}

void Fft::inverse(const Bin* bins, float* frames) noexcept {
    kiss_fftri(plan_->inverse, reinterpret_cast<const kiss_fft_cpx*>(bins), frames);
    const float scale = 1.0f / static_cast<float>(size_);
    for (int i = 0; i < size_; ++i) frames[i] *= scale;
}

}  // namespace legume::dsp

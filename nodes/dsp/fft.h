// The Fourier transform of real sound; the only door to KissFFT.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "graph/base/rt.h"

namespace legume::dsp {

// std::complex asks at each product whether it overflowed.
struct Bin {
    float re = 0, im = 0;
};
inline Bin operator*(Bin a, Bin b) noexcept RT_SAFE { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
inline Bin operator*(float a, Bin b) noexcept RT_SAFE { return {a * b.re, a * b.im}; }
inline Bin operator+(Bin a, Bin b) noexcept RT_SAFE { return {a.re + b.re, a.im + b.im}; }
inline Bin conjugate(Bin a) noexcept RT_SAFE { return {a.re, -a.im}; }
inline float power(Bin a) noexcept RT_SAFE { return a.re * a.re + a.im * a.im; }

// Of `size` frames, a power of two, into size / 2 + 1 bins. Allocates in the constructor alone.
class Fft {
  public:
    explicit Fft(int size);
    ~Fft();
    Fft(const Fft&) = delete;
    Fft& operator=(const Fft&) = delete;
    int size() const noexcept RT_SAFE { return size_; }
    int bins() const noexcept RT_SAFE { return size_ / 2 + 1; }
    void forward(const float* frames, Bin* bins) noexcept RT_SAFE;
    void inverse(const Bin* bins, float* frames) noexcept RT_SAFE;  // gives back what went forward

  private:
    struct Plan;
    std::unique_ptr<Plan> plan_;
    const int size_;
};

}  // namespace legume::dsp

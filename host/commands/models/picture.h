// A take as two small pictures, made to stand inside a page: its waveform in SVG, its spectrogram as a PNG.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "nodes/samplernn/takes/measure.h"

namespace legume {

inline constexpr int picture_width = 160, picture_height = 48;

// The `d` of a path in a box of picture_width x picture_height: from the highest to the lowest sample of each column.
std::string waveform_path(std::span<const float> sound);
// The bytes of the file: time to the right, frequency upwards, the low ones with more room; 16 colours of 5 dB.
std::string spectrogram_png(const samplernn::Spectra& spectra);

std::string base64(std::string_view bytes);

}  // namespace legume

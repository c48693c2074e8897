// PNG after RFC 2083, its data stored as they are (RFC 1950, 1951): small enough without a compressor.
// SPDX-License-Identifier: MIT
#include "host/commands/models/picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "nodes/files/crc32.h"

namespace legume {
namespace {

// From a dark violet to a pale yellow; of even steps in lightness.
constexpr const char* colours =
    "0d0a1e"
    "17102f"
    "241340"
    "331450"
    "43145c"
    "541663"
    "661a66"
    "792063"
    "8d275d"
    "a13055"
    "b53c4a"
    "c84b3e"
    "d95f31"
    "e77928"
    "f29a2f"
    "fbd25c";

void put(std::uint32_t value, std::string& into) {
    for (int shift = 24; shift >= 0; shift -= 8) into += static_cast<char>(value >> shift & 0xff);
}

std::uint32_t adler32(std::string_view bytes) {
    std::uint32_t a = 1, b = 0;
    for (const char byte : bytes) {
        a = (a + static_cast<unsigned char>(byte)) % 65'521;
        b = (b + a) % 65'521;
    }
    return b << 16 | a;
}

std::string chunk(const std::string& name, const std::string& data) {
    std::string bytes;
    put(static_cast<std::uint32_t>(data.size()), bytes);
    bytes += name + data;
    put(crc32(name + data), bytes);
    return bytes;
}

// One stored block; of at most 65,535 bytes.
std::string stored(const std::string& data) {
    const auto size = static_cast<unsigned>(data.size());
    std::string bytes("\x78\x01\x01", 3);
    for (const unsigned word : {size, ~size})
        for (const int shift : {0, 8}) bytes += static_cast<char>(word >> shift & 0xff);
    bytes += data;
    put(adler32(data), bytes);
    return bytes;
}

std::string palette() {
    std::string bytes;
    for (const char* at = colours; *at; at += 2) bytes += static_cast<char>(std::stoi(std::string(at, 2), nullptr, 16));
    return bytes;
}

}  // namespace

std::string waveform_path(std::span<const float> sound) {
    std::string path;
    for (std::size_t x = 0; x < picture_width && !sound.empty(); ++x) {
        const std::size_t from = x * sound.size() / picture_width;
        const std::size_t to = std::max(from + 1, (x + 1) * sound.size() / picture_width);
        const auto [low, high] = std::minmax_element(sound.begin() + static_cast<std::ptrdiff_t>(from),
                                                     sound.begin() + static_cast<std::ptrdiff_t>(to));
        const auto y = [](float sample) {
            return static_cast<int>(std::lround((1 - std::clamp(sample, -1.0f, 1.0f)) * 0.5f * picture_height));
        };
        const int top = y(*high), height = std::max(1, y(*low) - top);
        path += "M" + std::to_string(x) + " " + std::to_string(top) + "v" + std::to_string(height);
    }
    return path;
}

std::string spectrogram_png(const samplernn::Spectra& s) {
    std::string rows;
    for (std::size_t row = 0; row < picture_height; ++row) {
        rows += '\0';  // no filter
        const auto edge = [&](std::size_t above) {
            return above * above * s.bands / (picture_height * picture_height);
        };
        const std::size_t low = edge(picture_height - 1 - row), high = std::max(low + 1, edge(picture_height - row));
        for (std::size_t x = 0; x < picture_width; ++x) {
            float most = 0;
            const std::size_t from = x * s.frames() / picture_width;
            const std::size_t to = std::min(s.frames(), std::max(from + 1, (x + 1) * s.frames() / picture_width));
            for (std::size_t i = from; i < to; ++i)
                most = std::max(most, *std::max_element(s.frame(i) + low, s.frame(i) + high));
            const double db = 10 * std::log10(static_cast<double>(most) + 1e-20);
            const int colour = static_cast<int>(std::clamp((db + 95) / 5, 0.0, 15.0));  // -95 dB and below is dark
            if (x % 2 == 0)
                rows += static_cast<char>(colour << 4);
            else
                rows.back() = static_cast<char>(static_cast<unsigned char>(rows.back()) | colour);
        }
    }
    std::string head;
    put(picture_width, head);
    put(picture_height, head);
    head += std::string("\x04\x03\x00\x00\x00", 5);  // 4 bits, of a palette
    return "\x89PNG\r\n\x1a\n" + chunk("IHDR", head) + chunk("PLTE", palette()) + chunk("IDAT", stored(rows)) +
           chunk("IEND", "");
}

std::string base64(std::string_view bytes) {
    constexpr const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::uint32_t three = 0;
        for (std::size_t i = 0; i < 3; ++i)
            three = three << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0u);
        for (std::size_t i = 0; i < 4; ++i) text += at + i > bytes.size() ? '=' : digits[three >> (18 - 6 * i) & 63];
    }
    return text;
}

}  // namespace legume

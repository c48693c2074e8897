// A checkpoint's file taken apart and put together again, for the tests that break it.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <string>

#include "nodes/samplernn/checkpoint/checkpoint.h"

namespace legume::samplernn {

inline std::string bytes_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
inline void put(const std::filesystem::path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// Why it was refused; empty when it was not.
inline std::string reason(const std::function<void()>& action) {
    try {
        action();
    } catch (const ModelError& error) {
        return error.what();
    }
    return "";
}
inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

inline std::string with_length(const std::string& header, const std::string& data) {
    std::string bytes;
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i) & 0xff);
    return bytes + header + data;
}
struct Split {
    std::string header, data;
};
inline Split split(const std::string& bytes) {
    std::size_t length = 0;
    for (int i = 7; i >= 0; --i) length = length << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
    return {bytes.substr(8, length), bytes.substr(8 + length)};
}
// The first `from` becomes `to`; it must be there.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    if (at == std::string::npos) throw std::logic_error("there is no " + from);
    return text.replace(at, from.size(), to);
}

}  // namespace legume::samplernn

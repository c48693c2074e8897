// SHA-256 (FIPS 180-4), by which a take names its checkpoint: the sum that sha256sum prints.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace legume::samplernn {

class Sha256 {
  public:
    void add(std::span<const char> bytes);
    std::string finish();  // 64 hex digits; then it is used up

  private:
    void block();
    std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<unsigned char, 64> waiting_{};
    std::size_t count_ = 0;    // of them
    std::uint64_t bytes_ = 0;  // in all
};

std::string sha256_of(std::string_view text);
std::optional<std::string> sha256_of_file(const std::filesystem::path& file);  // nothing when it cannot be read

}  // namespace legume::samplernn

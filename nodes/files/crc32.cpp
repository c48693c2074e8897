// A table of what each byte makes of the sum.
// SPDX-License-Identifier: MIT
#include "nodes/files/crc32.h"

#include <array>

namespace legume {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t n = 0; n < 256; ++n) {
        std::uint32_t c = n;
        for (int k = 0; k < 8; ++k) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
        table[n] = c;
    }
    return table;
}

}  // namespace

std::uint32_t crc32(std::string_view bytes) {
    static constexpr auto table = make_table();
    std::uint32_t c = 0xffffffffu;
    for (const char byte : bytes) c = table[(c ^ static_cast<unsigned char>(byte)) & 0xff] ^ (c >> 8);
    return ~c;
}

}  // namespace legume

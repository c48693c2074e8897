// FNV-1a of 64 bits (Fowler, Noll and Vo): a quick sum of bytes that is the same on every machine; no secret.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace legume {

struct Fnv {
    std::uint64_t value = 0xcbf29ce484222325u;
    void byte(std::uint64_t unit) { value = (value ^ unit) * 0x100000001b3u; }
    void number(std::uint64_t number, int bytes = 8) {  // lowest byte first
        for (int i = 0; i < bytes; ++i) byte(number >> (8 * i) & 0xff);
    }
    void text(std::string_view text) {
        for (const char c : text) byte(static_cast<unsigned char>(c));
    }
};

}  // namespace legume

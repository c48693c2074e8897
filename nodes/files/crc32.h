// CRC-32 as zlib and PNG have it (ISO 3309), by which torn or damaged bytes are known.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace legume {

std::uint32_t crc32(std::string_view bytes);

}  // namespace legume

// Another program on the network: address and port.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace legume {

// Another socket, IPv4.
struct OscPeer {
    std::uint32_t address = 0;  // 127.0.0.1 is 0x7f000001
    std::uint16_t port = 0;
    bool operator==(const OscPeer&) const = default;
};
std::string to_string(const OscPeer&);  // "192.168.1.7:9001"
inline bool is_here(std::uint32_t address) { return address >> 24 == 127; }
std::optional<std::uint32_t> parse_address(const std::string& text);  // "192.168.1.7"; nothing when it is none
std::optional<OscPeer> parse_peer(const std::string& text);           // "192.168.1.7:9001"

}  // namespace legume

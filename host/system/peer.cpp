// Reads and prints addresses.
// SPDX-License-Identifier: MIT
#include "host/system/peer.h"

#include <arpa/inet.h>

#include <charconv>

namespace legume {

std::string to_string(const OscPeer& peer) {
    const in_addr address{htonl(peer.address)};
    char text[INET_ADDRSTRLEN] = {};
    ::inet_ntop(AF_INET, &address, text, sizeof text);
    return std::string(text) + ":" + std::to_string(peer.port);
}

std::optional<std::uint32_t> parse_address(const std::string& text) {
    in_addr address{};
    return ::inet_pton(AF_INET, text.c_str(), &address) == 1 ? std::optional(ntohl(address.s_addr)) : std::nullopt;
}

std::optional<OscPeer> parse_peer(const std::string& text) {
    const auto colon = text.find(':');
    if (colon == text.npos) return {};
    const auto address = parse_address(text.substr(0, colon));
    int port = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + colon + 1, end, port);
    if (!address || read.ec != std::errc() || read.ptr != end || port < 1 || port > 65'535) return {};
    return OscPeer{*address, static_cast<std::uint16_t>(port)};
}

}  // namespace legume

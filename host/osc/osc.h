// Open Sound Control: packets to plain values and back, and address patterns. No library's type shows here.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace legume {

struct OscNil {
    bool operator==(const OscNil&) const = default;
};
struct OscImpulse {  // type I: something happened
    bool operator==(const OscImpulse&) const = default;
};
struct OscTime {  // type t, as NTP counts: seconds and their fraction, 32 bits each
    std::uint64_t ntp = 0;
    bool operator==(const OscTime&) const = default;
};
using OscBlob = std::vector<std::uint8_t>;
using OscArgument = std::variant<float, std::int64_t, double, std::string, bool, OscNil, OscImpulse, OscTime, OscBlob>;

struct OscMessage {
    std::string address;
    std::vector<OscArgument> args;
    bool operator==(const OscMessage&) const = default;
};

inline constexpr int osc_max_depth = 8;        // bundles within bundles
inline constexpr int osc_max_messages = 4096;  // of one packet

// Any bytes at all. Bundles are flattened in order and their time tags ignored: whatever comes is for now. What was
// whole before a fault is still delivered; `error` then says the fault, and is empty otherwise.
std::vector<OscMessage> parse_osc(std::span<const std::uint8_t> packet, std::string& error);

// The time tag of the outermost bundle; 1, which means now, of whatever is none.
std::uint64_t osc_time_tag(std::span<const std::uint8_t> packet);

// One message's packet. Integers go as `i` where they fit, else as `h`; an empty blob goes as nil, since
// liblo has none.
std::vector<std::uint8_t> compose_osc(const std::string& address, const std::vector<OscArgument>& args);

// OSC 1.0 patterns: ? * [a-z] [!x] {foo,bar}; neither ? nor * crosses a slash. Its cost is bounded by the product of
// the lengths; a pattern longer than 1024 matches nothing.
bool osc_is_pattern(std::string_view address);
bool osc_matches(std::string_view pattern, std::string_view address);

}  // namespace legume

// OSC messages by liblo, which is shown only bytes whose bounds were checked here first: 0.31 has known faults.
// SPDX-License-Identifier: MIT
#include <lo/lo.h>

#include <cstring>
#include <limits>
#include <memory>
#include <type_traits>

#include "host/osc/osc.h"

namespace legume {

namespace {

using Bytes = std::span<const std::uint8_t>;
template <class Handle, class Deleter>  // void* up to liblo 0.31, a pointer to what it is from 0.32 on
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Deleter>;
using Message = Owned<lo_message, decltype(&lo_message_free)>;

std::uint32_t big_endian_32(Bytes bytes) {
    return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

// Bytes of the string at the front with its zero and padding; 0: it does not end in here.
std::size_t padded_string(Bytes bytes) {
    const void* zero = bytes.empty() ? nullptr : std::memchr(bytes.data(), 0, bytes.size());
    if (!zero) return 0;
    const auto length = static_cast<std::size_t>(static_cast<const std::uint8_t*>(zero) - bytes.data());
    const std::size_t padded = (length / 4 + 1) * 4;
    if (padded > bytes.size()) return 0;
    for (std::size_t i = length; i < padded; ++i)
        if (bytes[i] != 0) return 0;
    return padded;
}

// Bytes of one argument at the front; the size of all plus one when it does not fit.
std::size_t argument_size(char type, Bytes bytes) {
    const std::size_t too_many = bytes.size() + 1;
    switch (type) {
        case 'i':
        case 'f':
        case 'c':
        case 'm': return 4;
        case 'h':
        case 'd':
        case 't': return 8;
        case 'T':
        case 'F':
        case 'N':
        case 'I': return 0;
        case 's':
        case 'S': {
            const std::size_t n = padded_string(bytes);
            return n > 0 ? n : too_many;
        }
        case 'b': {
            if (bytes.size() < 4) return too_many;
            const std::size_t n = big_endian_32(bytes);
            if (n > bytes.size()) return too_many;
            return 4 + (n + 3) / 4 * 4;
        }
        default: return too_many;
    }
}

// Fit for a terminal, whatever was sent.
std::string shown(const std::string& text) {
    std::string out = text.substr(0, 80);
    for (char& c : out)
        if (c < 0x20 || c > 0x7e) c = '?';
    return text.size() > 80 ? out + "..." : out;
}

// Empty: liblo may read it.
std::string fault_of(Bytes bytes) {
    const std::size_t path = padded_string(bytes);
    if (path == 0) return "the OSC message's address does not end";
    const std::string raw(reinterpret_cast<const char*>(bytes.data()));
    const std::string address = shown(raw);
    for (const char c : raw)
        if ((c >= 0 && c < 0x20) || c == 0x7f)
            return "the OSC address \"" + address + "\" has characters that cannot be printed";
    if (address.empty() || address[0] != '/')
        return "the OSC address \"" + address + "\" does not begin with a slash; send it to \"/" + address + "\"";
    bytes = bytes.subspan(path);
    const std::size_t typed = padded_string(bytes);
    if (typed == 0 || bytes[0] != ',') return address + ": the OSC message has no type tags, such as \",f\"";
    const std::string types(reinterpret_cast<const char*>(bytes.data()) + 1);
    bytes = bytes.subspan(typed);
    for (const char type : types) {
        if (!std::strchr("ifcmhdtTFNIsSb", type))
            return address + ": the OSC type \"" + shown({type}) + "\" is unknown; send f, i, s, T or F";
        const std::size_t size = argument_size(type, bytes);
        if (size > bytes.size())
            return address + ": the OSC message ends before its arguments \"" + shown(types) + "\" do";
        bytes = bytes.subspan(size);
    }
    if (!bytes.empty()) return address + ": the OSC message goes on after its arguments \"" + shown(types) + "\"";
    return "";
}

// liblo leaves arguments where they lay, so eight-byte ones may be unaligned.
template <class T>
T at(const void* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

OscArgument argument(char type, lo_arg* value) {
    switch (type) {
        case 'i': return std::int64_t{at<std::int32_t>(value)};
        case 'h': return at<std::int64_t>(value);
        case 'f': return at<float>(value);
        case 'd': return at<double>(value);
        case 'c': return std::string(1, static_cast<char>(at<std::int32_t>(value)));
        case 's':
        case 'S': return std::string(reinterpret_cast<const char*>(value));
        case 'T': return true;
        case 'F': return false;
        case 'I': return OscImpulse{};
        case 't': {
            const auto tag = at<lo_timetag>(value);
            return OscTime{std::uint64_t{tag.sec} << 32 | tag.frac};
        }
        case 'm': {
            const auto* bytes = reinterpret_cast<const std::uint8_t*>(value);
            return OscBlob(bytes, bytes + 4);
        }
        case 'b': {
            const auto* bytes = reinterpret_cast<const std::uint8_t*>(value);
            return OscBlob(bytes + 4, bytes + 4 + at<std::uint32_t>(value));
        }
        default: return OscNil{};
    }
}

bool is_bundle(Bytes bytes) {
    static constexpr char head[8] = {'#', 'b', 'u', 'n', 'd', 'l', 'e', 0};
    return bytes.size() >= sizeof head && std::memcmp(bytes.data(), head, sizeof head) == 0;
}

class Parser {
  public:
    std::vector<OscMessage> messages;
    std::string error;  // the first one

    void element(Bytes bytes, int depth) {
        if (bytes.empty() || bytes.size() % 4 != 0)
            return fault("an OSC packet of " + std::to_string(bytes.size()) + " bytes is cut: they come in fours");
        if (!is_bundle(bytes)) return message(bytes);
        if (depth >= osc_max_depth)
            return fault("an OSC bundle is nested deeper than " + std::to_string(osc_max_depth));
        if (bytes.size() < 16) return fault("an OSC bundle ends before its time tag");
        for (bytes = bytes.subspan(16); !bytes.empty();) {  // at least four bytes, since they come in fours
            const std::size_t size = big_endian_32(bytes);
            bytes = bytes.subspan(4);
            if (size > bytes.size() || size % 4 != 0) return fault("an OSC bundle ends within a message");
            element(bytes.first(size), depth + 1);
            if (full_) return;
            bytes = bytes.subspan(size);
        }
    }

  private:
    void message(Bytes bytes) {
        if (messages.size() >= osc_max_messages) {
            full_ = true;
            return fault("an OSC packet has more than " + std::to_string(osc_max_messages) + " messages");
        }
        if (auto wrong = fault_of(bytes); !wrong.empty()) return fault(std::move(wrong));
        std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());  // liblo takes it as not const
        int result = 0;
        const Message read(lo_message_deserialise(copy.data(), copy.size(), &result), lo_message_free);
        OscMessage plain{reinterpret_cast<const char*>(copy.data()), {}};
        if (!read)
            return fault(shown(plain.address) + ": liblo cannot read the OSC message, code " + std::to_string(result));
        const char* types = lo_message_get_types(read.get());
        lo_arg** values = lo_message_get_argv(read.get());
        for (int i = 0; i < lo_message_get_argc(read.get()); ++i) plain.args.push_back(argument(types[i], values[i]));
        messages.push_back(std::move(plain));
    }
    void fault(std::string text) {
        if (error.empty()) error = std::move(text);
    }
    bool full_ = false;
};

struct Adder {
    lo_message message;
    void operator()(float v) const { lo_message_add_float(message, v); }
    void operator()(std::int64_t v) const {
        if (v == static_cast<std::int32_t>(v))
            lo_message_add_int32(message, static_cast<std::int32_t>(v));
        else
            lo_message_add_int64(message, v);
    }
    void operator()(double v) const { lo_message_add_double(message, v); }
    void operator()(const std::string& v) const { lo_message_add_string(message, v.c_str()); }
    void operator()(bool v) const { v ? lo_message_add_true(message) : lo_message_add_false(message); }
    void operator()(OscNil) const { lo_message_add_nil(message); }
    void operator()(OscImpulse) const { lo_message_add_infinitum(message); }
    void operator()(OscTime v) const {
        lo_message_add_timetag(message, {static_cast<std::uint32_t>(v.ntp >> 32), static_cast<std::uint32_t>(v.ntp)});
    }
    void operator()(const OscBlob& v) const {
        if (v.empty()) return (*this)(OscNil{});
        const Owned<lo_blob, decltype(&lo_blob_free)> blob(lo_blob_new(static_cast<std::int32_t>(v.size()), v.data()),
                                                           lo_blob_free);
        lo_message_add_blob(message, blob.get());
    }
};

}  // namespace

std::vector<OscMessage> parse_osc(std::span<const std::uint8_t> packet, std::string& error) {
    Parser parser;
    parser.element(packet, 0);
    error = std::move(parser.error);
    return std::move(parser.messages);
}

std::uint64_t osc_time_tag(Bytes packet) {
    if (packet.size() < 16 || !is_bundle(packet)) return 1;
    return std::uint64_t{big_endian_32(packet.subspan(8))} << 32 | big_endian_32(packet.subspan(12));
}

std::vector<std::uint8_t> compose_osc(const std::string& address, const std::vector<OscArgument>& args) {
    const Message message(lo_message_new(), lo_message_free);
    for (const auto& arg : args) std::visit(Adder{message.get()}, arg);
    std::vector<std::uint8_t> packet(lo_message_length(message.get(), address.c_str()));
    std::size_t size = packet.size();
    lo_message_serialise(message.get(), address.c_str(), packet.data(), &size);
    packet.resize(size);
    return packet;
}

}  // namespace legume

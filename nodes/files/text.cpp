// A text as bytes: UTF-8 without control characters, indented by spaces.
// SPDX-License-Identifier: MIT
#include "nodes/files/text.h"

namespace legume {
namespace {

// Length of the UTF-8 sequence at `at`, 0 when it is none (RFC 3629: no overlong forms, no surrogates).
std::size_t utf8_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) -> unsigned {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
    };
    const unsigned b = byte(0);
    const std::size_t length = b < 0x80                ? 1
                               : b >= 0xc2 && b < 0xe0 ? 2
                               : b >= 0xe0 && b < 0xf0 ? 3
                               : b >= 0xf0 && b < 0xf5 ? 4
                                                       : 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xc0u) != 0x80u) return 0;
    const unsigned second = byte(1);
    if ((b == 0xe0 && second < 0xa0) || (b == 0xed && second > 0x9f) || (b == 0xf0 && second < 0x90) ||
        (b == 0xf4 && second > 0x8f))
        return 0;
    return length;
}

}  // namespace

Problems check_text(std::string_view text, const std::string& file) {
    Problems problems;
    Place place{file, 1, 1};
    bool indenting = true;
    for (std::size_t at = 0; at < text.size();) {
        const auto length = utf8_length(text, at);
        const char c = text[at];
        if (length == 0) return {{place, "this is not UTF-8 text; save the file as UTF-8"}};
        if (static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\r' && c != '\t')
            return {{place, "there is a control character here; is this a patch? Remove it"}};
        if (c == '\t' && indenting) {
            problems.push_back({place, "a tab indents this line; YAML wants spaces"});
            indenting = false;
        }
        indenting = c == '\n' || (indenting && c == ' ');
        place.column += static_cast<int>(length);
        if (c == '\n') place = {file, place.line + 1, 1};
        at += length;
    }
    return problems;
}

}  // namespace legume

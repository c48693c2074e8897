// Plain words stand as they are; what has spaces, quotes or control characters stands in quotes.
// SPDX-License-Identifier: MIT
#include "host/show/line.h"

#include "nodes/files/crc32.h"

namespace legume {
namespace {

constexpr char digits[] = "0123456789abcdef";

int digit_of(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

}  // namespace

LineWriter& LineWriter::word(std::string_view text) {
    line_ += ' ';
    bool plain = !text.empty();
    for (const char c : text) plain = plain && static_cast<unsigned char>(c) > ' ' && c != '"' && c != '\\' && c != 127;
    if (plain) {
        line_ += text;
        return *this;
    }
    line_ += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n') {
            line_ += "\\n";
        } else if (c == '"' || c == '\\') {
            line_ += '\\';
            line_ += c;
        } else if (byte < ' ' || byte == 127) {
            line_ += "\\x";
            line_ += digits[byte >> 4];
            line_ += digits[byte & 15];
        } else {
            line_ += c;
        }
    }
    line_ += '"';
    return *this;
}

std::string LineWriter::finish() {
    std::string sum(8, '0');
    auto rest = crc32(line_);
    for (int i = 7; i >= 0; --i, rest >>= 4) sum[static_cast<std::size_t>(i)] = digits[rest & 15];
    return sum + line_ + '\n';
}

std::optional<std::vector<std::string>> words_of(std::string_view line) {
    if (line.size() < 10) return {};
    std::uint32_t sum = 0;
    for (const char c : line.substr(0, 8)) {
        if (digit_of(c) < 0) return {};
        sum = sum << 4 | static_cast<std::uint32_t>(digit_of(c));
    }
    line.remove_prefix(8);
    if (crc32(line) != sum) return {};
    std::vector<std::string> words;
    for (std::size_t at = 0; at < line.size();) {
        if (line[at++] != ' ') return {};
        std::string word;
        if (at < line.size() && line[at] == '"') {
            for (++at;; ++at) {
                if (at >= line.size()) return {};
                if (line[at] == '"') break;
                if (line[at] != '\\') {
                    word += line[at];
                    continue;
                }
                if (++at >= line.size()) return {};
                if (line[at] == 'n') {
                    word += '\n';
                } else if (line[at] == 'x') {
                    if (at + 2 >= line.size() || digit_of(line[at + 1]) < 0 || digit_of(line[at + 2]) < 0) return {};
                    word += static_cast<char>(digit_of(line[at + 1]) << 4 | digit_of(line[at + 2]));
                    at += 2;
                } else {
                    word += line[at];
                }
            }
            ++at;
        } else {
            while (at < line.size() && line[at] != ' ') word += line[at++];
        }
        words.push_back(std::move(word));
    }
    return words;
}

}  // namespace legume

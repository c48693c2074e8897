// A line of a show's log: words, and before them their CRC-32, by which a line that is torn or damaged is known.
// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace legume {

// "1f2e3d4c set 12800 tone/cutoff 531 own "osc /tone/cutoff"\n". Numbers are read back to the bit.
class LineWriter {
  public:
    LineWriter& word(std::string_view text);
    template <class Number>
    requires std::integral<Number> || std::floating_point<Number> LineWriter& number(Number value) {
        char text[40];
        return word({text, std::to_chars(text, text + sizeof text, value).ptr});
    }
    std::string finish();  // with its sum and its newline

  private:
    std::string line_;
};

// The words of a line without its newline; nothing when its sum is wrong or it was not written by the above.
std::optional<std::vector<std::string>> words_of(std::string_view line);

template <class Number>
std::optional<Number> read_number(std::string_view word) {
    Number value{};
    const auto* end = word.data() + word.size();
    const auto read = std::from_chars(word.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end || !(value == value)) return {};
    return value;
}

}  // namespace legume

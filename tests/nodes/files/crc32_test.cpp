// The sum that every table of checksums gives for its check value, and one that hears every bit.
// SPDX-License-Identifier: MIT
#include "nodes/files/crc32.h"

#include <doctest/doctest.h>

#include <string>

using namespace legume;

TEST_CASE("the sum is that of zlib, PNG and Ethernet") {
    CHECK(crc32("") == 0);
    CHECK(crc32("123456789") == 0xcbf43926u);  // the check value of the catalogues
    CHECK(crc32("IEND") == 0xae426082u);       // the last bytes of every PNG
}

TEST_CASE("no flipped bit goes unnoticed") {
    std::string text = "set 12800 tone/cutoff 531";
    const auto sum = crc32(text);
    for (char& c : text)
        for (int bit = 0; bit < 8; ++bit) {
            c = static_cast<char>(c ^ 1 << bit);
            CHECK(crc32(text) != sum);
            c = static_cast<char>(c ^ 1 << bit);
        }
}

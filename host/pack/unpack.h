// Opens a pack: checks that it is what its card says, and puts its files where they can be played.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "host/pack/card.h"
#include "host/pack/tar.h"

namespace legume {

// Whether this is a pack and no patch, by its first bytes or by its name.
bool is_pack(const std::filesystem::path& file);

// Where the files go; they come in the card's order.
class Unpacking {
  public:
    virtual ~Unpacking() = default;
    virtual void begin(const Card& card) = 0;  // which is valid
    virtual void begin(const PackedFile& file) = 0;
    virtual void write(std::span<const char> bytes) = 0;
    virtual void end() = 0;  // of this file, whose hash was right
};
// Reads a pack through, whose archive has so many bytes, and gives its card. Throws CommandError, without the file's
// name, at the first thing that is not as the card says: nothing that the card does not name is taken.
Card read_pack(TarReader& archive, std::uint64_t bytes, Unpacking* into);
Card read_pack(const std::filesystem::path& file);  // to look at it alone

// The patch to play, in a folder of the pack's own that stays; the first time it is made, whole or not at all. Throws
// CommandError, without the file's name.
std::filesystem::path unpack(const std::filesystem::path& file);
std::filesystem::path packs_folder();

}  // namespace legume

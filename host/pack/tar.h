// Tar archives, one file after the other, uncompressed. No type of libarchive shows here.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>

namespace legume {

// The archive is not whole, or the disk does not do its part; the sentence follows the file's name.
struct TarError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class TarReader {
  public:
    explicit TarReader(const std::filesystem::path& file);  // all of this throws TarError
    explicit TarReader(std::span<const char> bytes);        // which stay where they are
    ~TarReader();
    struct Entry {
        std::string name;  // as it stands there, whatever it may be
        std::uint64_t bytes = 0;
        bool file = false;  // and no folder, link or device
    };
    std::optional<Entry> next();
    std::size_t read(std::span<char> into);  // on in the entry at hand; 0 at its end

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// Same files, same bytes: no times, owners or rights of this machine stand in it.
class TarWriter {
  public:
    explicit TarWriter(const std::filesystem::path& file);  // all of this throws TarError
    ~TarWriter();
    void begin(const std::string& name, std::uint64_t bytes);  // so many must follow
    void write(std::span<const char> bytes);
    void finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace legume

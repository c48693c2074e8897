// Levels, one after the other, in memory or in a mapped file: hours of sound take no memory of the program's own.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace legume::samplernn {

// Immutable; copies share what they hold.
class Recording {
  public:
    Recording() = default;
    Recording(std::vector<std::uint16_t> levels);
    // A file that RecordingWriter finished; nothing when there is none, or it is not whole.
    static std::optional<Recording> open(const std::filesystem::path& file);

    std::size_t size() const { return levels_.size(); }
    bool empty() const { return levels_.empty(); }
    const std::uint16_t* data() const { return levels_.data(); }
    const std::uint16_t* begin() const { return data(); }
    const std::uint16_t* end() const { return data() + size(); }
    const std::uint16_t& operator[](std::size_t i) const { return levels_[i]; }
    Recording first(std::size_t count) const;

  private:
    friend class RecordingWriter;
    static std::optional<Recording> map(int descriptor);
    std::shared_ptr<const void> held_;
    std::span<const std::uint16_t> levels_;
};

// Writes under another name, which finish() replaces: nobody ever opens half a recording.
class RecordingWriter {
  public:
    // Without a file it is a temporary one without a name. Everything throws std::runtime_error: cannot be written.
    explicit RecordingWriter(const std::filesystem::path& file);
    ~RecordingWriter();  // without finish(): nothing is left behind
    RecordingWriter(const RecordingWriter&) = delete;
    RecordingWriter& operator=(const RecordingWriter&) = delete;
    void write(std::span<const std::uint16_t> levels);
    Recording finish();

  private:
    void put(const void* bytes, std::size_t count);
    const std::filesystem::path file_;
    std::filesystem::path part_;
    int descriptor_ = -1;
    std::uint64_t count_ = 0;
};

}  // namespace legume::samplernn

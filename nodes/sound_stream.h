// A sound to be read at any place: short ones whole from memory, long ones in pages that a worker reads ahead.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graph/node.h"
#include "graph/ring.h"
#include "graph/store.h"
#include "nodes/held_sound.h"

namespace legume {

// A slot of memory belongs to the audio thread, or to the worker from its being asked for until its answer: what is
// heard is never written to. Who plays says each block what will be wanted; what was wanted least lately makes room.
class SoundStream {
  public:
    enum class From { choose, memory, disk };
    static constexpr std::int64_t page_frames = 8'192;
    static constexpr std::int64_t most_ahead = 16 * page_frames;  // that may be wanted from one place on
    static constexpr std::size_t most_in_memory = 1 << 24;        // samples: 64 MiB, 3 minutes of stereo at 48 kHz

    // Control thread, once. Throws SoundError. `tell` says a line after the file's name has been put before it.
    void open(const std::filesystem::path& file, Store& store, From from, std::function<void(std::string)> tell);
    const SoundHeader& header() const { return header_; }  // its frames are those that can be played

    // Audio thread, or before the first block.
    // A block: takes what has arrived. The node that plays declares the fates: how many pages the disk still owes, and
    // which it could not give.
    void begin(Fate& missing, Fate& unread) noexcept RT_SAFE;
    // The frames from `from` towards `to`, either of them first; the most urgent calls first.
    void want(double from, double to) noexcept RT_SAFE;
    bool here(double from, double to) const noexcept RT_SAFE;
    // `count` frames from `first` on, or nullptr when they do not lie here in one piece.
    const float* piece(std::int64_t first, std::int64_t count) const noexcept RT_SAFE {
        if (whole_) return first >= 0 && first + count <= header_.frames ? memory_ + first * width_ : nullptr;
        if (first < 0 || first + count > header_.frames) return nullptr;
        const std::int64_t page = first / page_frames;
        const int slot = slot_of_[static_cast<std::size_t>(page)];
        if (slot < 0 || first + count > (page + 1) * page_frames) return nullptr;
        return memory_ + (slot * page_frames + first - page * page_frames) * width_;
    }
    bool broken() const noexcept RT_SAFE { return broken_; }  // the file failed and is asked for nothing more
    void mend() noexcept RT_SAFE { broken_ = false; }         // ask again
    void missed() noexcept RT_SAFE { missed_.fetch_add(1, std::memory_order_relaxed); }  // a stretch came too late
    std::uint64_t misses() const noexcept RT_SAFE { return missed_.load(std::memory_order_relaxed); }

    // Worker: reads one page; false when none is asked for.
    bool fill();

  private:
    static constexpr std::size_t slots = 64;
    struct Asked {
        std::int32_t page = 0, slot = 0;
        bool read = false;
    };
    struct Slot {
        std::int32_t page = -1;
        bool asked = false;
        std::uint64_t wanted = 0;  // in which block
    };
    void read(std::int64_t page, float* into);
    Slot* room() noexcept RT_SAFE;

    std::filesystem::path path_;
    SoundHeader header_;
    std::function<void(std::string)> tell_;
    std::shared_ptr<const Sound> whole_;
    std::vector<float> pages_;
    const float* memory_ = nullptr;  // of either
    std::int64_t width_ = 1;
    Ring<Asked> asks_, answers_;
    std::atomic<std::uint64_t> missed_{0};
    // Audio thread.
    std::vector<std::int16_t> slot_of_;  // by page; -1: not here
    std::array<Slot, slots> slots_;
    std::uint64_t block_ = 1;
    std::uint64_t asked_ = 0, arrived_ = 0;  // pages on their way; all that came
    bool broken_ = false;
    // Worker.
    std::unique_ptr<SoundReader> reader_;
    std::int64_t next_ = 0;  // frame that the reader stands at
    std::uint64_t told_misses_ = 0;
    bool told_failure_ = false, told_gone_ = false;
};

}  // namespace legume

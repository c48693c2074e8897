// Sounds to be read at any place: short ones whole from memory, long ones in pages that a worker reads ahead.
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

#include "graph/base/ring.h"
#include "graph/base/store.h"
#include "graph/node.h"
#include "nodes/sound/held_sound.h"

namespace legume {

class SoundStream;

// The memory that one stream has or many share, and the worker's work for all of them. A slot of it belongs to the
// audio thread, or to the worker from its being asked for until its answer: what is heard is never written to. Who
// plays says each block what will be wanted; what was wanted least lately makes room.
class SoundPages {
  public:
    static constexpr std::int64_t page_frames = 8'192;

    explicit SoundPages(std::function<void(std::string)> tell) : tell_(std::move(tell)) {}
    SoundPages(const SoundPages&) = delete;
    SoundPages& operator=(const SoundPages&) = delete;
    // Audio thread, or before the first block.
    // A block: takes what has arrived. The node that plays declares the decisions: how many pages the disk still owes,
    // and which it could not give.
    void begin(TimingDecision& missing, TimingDecision& unread) noexcept RT_SAFE;
    void missed(const SoundStream& stream) noexcept RT_SAFE;  // a stretch of it came too late
    std::uint64_t misses() const noexcept RT_SAFE { return missed_.load(std::memory_order_relaxed); }
    // Worker: reads one page; false when none is asked for.
    bool fill();

  private:
    friend class SoundStream;
    static constexpr std::size_t slots = 64, most_open = 12;  // pages held, files open
    struct Asked {
        std::int32_t stream = 0, page = 0, slot = 0;
        bool read = false;
    };
    struct Slot {
        std::int32_t stream = 0, page = -1;
        bool asked = false;
        std::uint64_t wanted = 0;  // in which block
    };
    std::int32_t join(SoundStream& stream);  // control thread, before the first block
    float* memory(std::int64_t slot) { return memory_.data() + slot * page_frames * width_; }
    void open_newest(SoundStream& stream);
    Slot* room() noexcept RT_SAFE;

    std::function<void(std::string)> tell_;
    std::vector<SoundStream*> streams_;
    std::vector<float> memory_;
    std::int64_t width_ = 0;  // of the widest stream
    Ring<Asked> asks_, answers_;
    std::atomic<std::uint64_t> missed_{0};
    std::atomic<std::int32_t> missed_last_{0};
    // Audio thread.
    std::array<Slot, slots> slots_;
    std::uint64_t block_ = 1;
    std::uint64_t asked_ = 0, arrived_ = 0;  // pages on their way; all that came
    // Worker.
    std::vector<SoundStream*> open_;  // that hold a file, the newest last
    std::uint64_t told_misses_ = 0;
};

class SoundStream {
  public:
    enum class From { choose, memory, disk };
    static constexpr std::int64_t page_frames = SoundPages::page_frames;
    static constexpr std::int64_t most_ahead = 16 * page_frames;  // that may be wanted from one place on
    static constexpr std::size_t most_in_memory = 1 << 24;        // samples: 64 MiB, 3 minutes of stereo at 48 kHz

    // Control thread, once; it stays where it is from then on. Both throw SoundError. `tell` says a line after the
    // file's name has been put before it.
    void open(const std::filesystem::path& file, Store& store, From from, std::function<void(std::string)> tell);
    void open(const std::filesystem::path& file, SoundPages& pages);  // from the disk, its memory shared with others
    const SoundHeader& header() const { return header_; }             // its frames are those that can be played
    double length() const noexcept RT_SAFE { return static_cast<double>(header_.frames); }

    // Audio thread, or before the first block. `begin`, `missed` and `misses` are those of its pages.
    void begin(TimingDecision& missing, TimingDecision& unread) noexcept RT_SAFE {
        if (pages_) pages_->begin(missing, unread);
    }
    // The frames from `from` towards `to`, either of them first; the most urgent calls first.
    void want(double from, double to) noexcept RT_SAFE;
    bool here(double from, double to) const noexcept RT_SAFE;
    // `count` frames from `first` on, or nullptr when they do not lie here in one piece.
    const float* piece(std::int64_t first, std::int64_t count) const noexcept RT_SAFE {
        if (first < 0 || first + count > header_.frames) return nullptr;
        if (whole_) return whole_->samples.data() + first * width_;
        const std::int64_t page = first / page_frames;
        const int slot = slot_of_[static_cast<std::size_t>(page)];
        if (slot < 0 || first + count > (page + 1) * page_frames) return nullptr;
        return pages_->memory(slot) + (first - page * page_frames) * width_;
    }
    bool broken() const noexcept RT_SAFE { return broken_; }  // the file failed and is asked for nothing more
    void mend() noexcept RT_SAFE { broken_ = false; }         // ask again
    void missed() noexcept RT_SAFE {
        if (pages_) pages_->missed(*this);
    }
    std::uint64_t misses() const noexcept RT_SAFE { return pages_ ? pages_->misses() : 0; }
    // Worker.
    bool fill() { return pages_ && pages_->fill(); }

  private:
    friend class SoundPages;
    std::int32_t page_of(double frame) const noexcept RT_SAFE;
    bool answer(std::int64_t page, float* into);  // false: the file failed, which is said
    void read(std::int64_t page, float* into);

    std::filesystem::path path_;
    SoundHeader header_;
    std::shared_ptr<const Sound> whole_;
    std::unique_ptr<SoundPages> own_;
    SoundPages* pages_ = nullptr;
    std::int32_t index_ = 0;  // among the streams of its pages
    std::int64_t width_ = 1;
    // Audio thread.
    std::vector<std::int16_t> slot_of_;  // by page; -1: not here
    bool broken_ = false;
    // Worker.
    std::unique_ptr<SoundReader> reader_;
    std::int64_t next_ = 0;  // frame that the reader stands at
    bool told_failure_ = false, told_gone_ = false;
};

}  // namespace legume

// Pages asked for by the audio thread and answered by a worker.
// SPDX-License-Identifier: MIT
#include "nodes/sound/sound_stream.h"

#include <algorithm>
#include <system_error>

namespace legume {

namespace fs = std::filesystem;

// ---------------------------------------------------------------- pages

std::int32_t SoundPages::join(SoundStream& stream) {
    streams_.push_back(&stream);
    if (stream.width_ > width_) {
        width_ = stream.width_;
        memory_.assign(static_cast<std::size_t>(page_frames * width_) * slots, 0.0f);
    }
    if (streams_.size() == 1) {
        asks_.resize(slots);
        answers_.resize(slots);
    }
    return static_cast<std::int32_t>(streams_.size() - 1);
}

// Pages arrive in the order in which they were asked for: so how many are missing says which.
void SoundPages::begin(TimingDecision& missing, TimingDecision& unread) noexcept {
    ++block_;
    const auto still = missing.decide(block_, asked_ - answers_.readable());
    for (Asked answer; asked_ > still && answers_.pop(answer);) {
        --asked_;
        auto& slot = slots_[static_cast<std::size_t>(answer.slot)];
        auto& stream = *streams_[static_cast<std::size_t>(slot.stream)];
        slot.asked = false;
        if (unread.decide(arrived_++, answer.read ? 0 : 1) == 0 && answer.read) {
            stream.slot_of_[static_cast<std::size_t>(slot.page)] = static_cast<std::int16_t>(answer.slot);
        } else {
            slot.page = -1;
            stream.broken_ = true;
        }
    }
}

void SoundPages::missed(const SoundStream& stream) noexcept {
    missed_last_.store(stream.index_, std::memory_order_relaxed);
    missed_.fetch_add(1, std::memory_order_relaxed);
}

SoundPages::Slot* SoundPages::room() noexcept {
    Slot* found = nullptr;
    for (auto& slot : slots_)
        if (!slot.asked && slot.wanted < block_ && (!found || slot.wanted < found->wanted)) found = &slot;
    return found;
}

// So many files are open at a time, those that were read last.
void SoundPages::open_newest(SoundStream& stream) {
    open_.erase(std::remove(open_.begin(), open_.end(), &stream), open_.end());
    open_.push_back(&stream);
    if (open_.size() <= most_open) return;
    open_.front()->reader_.reset();
    open_.erase(open_.begin());
}

bool SoundPages::fill() {
    const auto misses = missed_.load(std::memory_order_relaxed);
    if (misses > 2 * told_misses_) {  // the first, and then ever more rarely
        told_misses_ = misses;
        const auto last = static_cast<std::size_t>(missed_last_.load(std::memory_order_relaxed));
        tell_(streams_[last]->path_.string() + " came too late from the disk (" + std::to_string(misses) +
              " times so far); what was missing was faded over");
    }
    Asked ask;
    if (!asks_.pop(ask)) return false;
    auto& stream = *streams_[static_cast<std::size_t>(ask.stream)];
    open_newest(stream);
    ask.read = stream.answer(ask.page, memory(ask.slot));
    answers_.push(ask);
    return true;
}

// ---------------------------------------------------------------- a stream

void SoundStream::open(const fs::path& file, Store& store, From from, std::function<void(std::string)> tell) {
    const SoundHeader header = read_sound_header(file);
    const bool fits = static_cast<double>(header.frames) * header.channels <= double{most_in_memory};
    if (from == From::memory || (from == From::choose && fits)) {
        path_ = file;
        whole_ = hold_sound(store, file);
        header_ = {whole_->rate, whole_->channels, static_cast<std::int64_t>(whole_->frames())};
        width_ = header_.channels;
        return;
    }
    own_ = std::make_unique<SoundPages>(std::move(tell));
    open(file, *own_);
    read(0, own_->memory(0));  // what cannot be decoded is refused now
    own_->slots_[0].page = 0;
    slot_of_[0] = 0;
}

void SoundStream::open(const fs::path& file, SoundPages& pages) {
    path_ = file;
    header_ = read_sound_header(file);
    width_ = header_.channels;
    slot_of_.assign(static_cast<std::size_t>((header_.frames + page_frames - 1) / page_frames), -1);
    pages_ = &pages;
    index_ = pages.join(*this);
}

std::int32_t SoundStream::page_of(double frame) const noexcept {
    return static_cast<std::int32_t>(std::clamp(frame, 0.0, length() - 1) / page_frames);
}

void SoundStream::want(double from, double to) noexcept {
    if (whole_) return;
    const std::int32_t last = page_of(to), step = last < page_of(from) ? -1 : 1;
    for (std::int32_t page = page_of(from); page != last + step; page += step) {
        if (const int at = slot_of_[static_cast<std::size_t>(page)]; at >= 0) {
            pages_->slots_[static_cast<std::size_t>(at)].wanted = pages_->block_;
            continue;
        }
        const auto same = [&](const SoundPages::Slot& slot) {
            return slot.asked && slot.stream == index_ && slot.page == page;
        };
        if (broken_ || std::any_of(pages_->slots_.begin(), pages_->slots_.end(), same)) continue;
        auto* const slot = pages_->room();
        if (!slot) return;
        if (slot->page >= 0)
            pages_->streams_[static_cast<std::size_t>(slot->stream)]->slot_of_[static_cast<std::size_t>(slot->page)] =
                -1;
        *slot = {index_, page, true, pages_->block_};
        ++pages_->asked_;
        pages_->asks_.push({index_, page, static_cast<std::int32_t>(slot - pages_->slots_.data()), false});
    }
}

bool SoundStream::here(double from, double to) const noexcept {
    if (whole_) return true;
    for (auto page = page_of(std::min(from, to)); page <= page_of(std::max(from, to)); ++page)
        if (slot_of_[static_cast<std::size_t>(page)] < 0) return false;
    return true;
}

bool SoundStream::answer(std::int64_t page, float* into) {
    std::error_code error;
    if (!told_gone_ && reader_ && !fs::exists(path_, error)) {
        told_gone_ = true;
        pages_->tell_(path_.string() + " has vanished; it plays on for as long as it can be read");
    }
    try {
        read(page, into);
        told_failure_ = false;
        return true;
    } catch (const SoundError& failure) {
        reader_.reset();
        if (!told_failure_)
            pages_->tell_(path_.string() + " " + failure.what() + "; what plays fades out, and start tries again");
        told_failure_ = true;
        return false;
    }
}

void SoundStream::read(std::int64_t page, float* into) {
    if (!reader_) {
        reader_ = std::make_unique<SoundReader>(path_);
        next_ = 0;
        const auto& now = reader_->header();
        if (now.channels != header_.channels || now.rate != header_.rate || now.frames != header_.frames) {
            reader_.reset();
            throw SoundError("has been replaced by another sound; play the patch anew to hear that one");
        }
    }
    const std::int64_t first = page * page_frames;
    if (next_ != first) reader_->seek(first);
    const std::int64_t wanted = std::min(page_frames, header_.frames - first);
    std::int64_t got = 0;
    while (got < wanted) {
        const auto room = std::span(into + got * width_, static_cast<std::size_t>((wanted - got) * width_));
        const auto more = static_cast<std::int64_t>(reader_->read(room));
        if (more == 0) break;  // an estimated length was too long: the rest is silence
        got += more;
    }
    std::fill(into + got * width_, into + page_frames * width_, 0.0f);
    next_ = first + got;
}

}  // namespace legume

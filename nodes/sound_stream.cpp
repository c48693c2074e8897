// Pages asked for by the audio thread and answered by a worker.
// SPDX-License-Identifier: MIT
#include "nodes/sound_stream.h"

#include <algorithm>
#include <system_error>

namespace legume {

namespace fs = std::filesystem;

void SoundStream::open(const fs::path& file, Store& store, From from, std::function<void(std::string)> tell) {
    path_ = file;
    tell_ = std::move(tell);
    reader_ = std::make_unique<SoundReader>(file);
    header_ = reader_->header();
    width_ = header_.channels;
    const bool fits = static_cast<double>(header_.frames) * header_.channels <= double{most_in_memory};
    if (from == From::memory || (from == From::choose && fits)) {
        reader_.reset();
        whole_ = hold_sound(store, file);
        header_ = {whole_->rate, whole_->channels, static_cast<std::int64_t>(whole_->frames())};
        memory_ = whole_->samples.data();
        return;
    }
    pages_.assign(static_cast<std::size_t>(page_frames * width_) * slots, 0.0f);
    memory_ = pages_.data();
    slot_of_.assign(static_cast<std::size_t>((header_.frames + page_frames - 1) / page_frames), -1);
    asks_.resize(slots);
    answers_.resize(slots);
    read(0, pages_.data());  // what cannot be decoded is refused now
    slots_[0].page = 0;
    slot_of_[0] = 0;
}

// Pages arrive in the order in which they were asked for: so how many are missing says which.
void SoundStream::begin(Fate& missing, Fate& unread) noexcept {
    ++block_;
    const auto still = missing.decide(block_, asked_ - answers_.readable());
    for (Asked answer; asked_ > still && answers_.pop(answer);) {
        --asked_;
        auto& slot = slots_[static_cast<std::size_t>(answer.slot)];
        slot.asked = false;
        if (unread.decide(arrived_++, answer.read ? 0 : 1) == 0 && answer.read) {
            slot_of_[static_cast<std::size_t>(slot.page)] = static_cast<std::int16_t>(answer.slot);
        } else {
            slot.page = -1;
            broken_ = true;
        }
    }
}

SoundStream::Slot* SoundStream::room() noexcept {
    Slot* found = nullptr;
    for (auto& slot : slots_)
        if (!slot.asked && slot.wanted < block_ && (!found || slot.wanted < found->wanted)) found = &slot;
    return found;
}

void SoundStream::want(double from, double to) noexcept {
    if (whole_) return;
    const auto page_of = [&](double frame) {
        return static_cast<std::int32_t>(std::clamp(frame, 0.0, static_cast<double>(header_.frames - 1)) / page_frames);
    };
    const std::int32_t last = page_of(to), step = last < page_of(from) ? -1 : 1;
    for (std::int32_t page = page_of(from); page != last + step; page += step) {
        if (const int at = slot_of_[static_cast<std::size_t>(page)]; at >= 0) {
            slots_[static_cast<std::size_t>(at)].wanted = block_;
            continue;
        }
        const auto same = [&](const Slot& slot) { return slot.asked && slot.page == page; };
        if (broken_ || std::any_of(slots_.begin(), slots_.end(), same)) continue;
        Slot* const slot = room();
        if (!slot) return;
        if (slot->page >= 0) slot_of_[static_cast<std::size_t>(slot->page)] = -1;
        *slot = {page, true, block_};
        ++asked_;
        asks_.push({page, static_cast<std::int32_t>(slot - slots_.data()), false});
    }
}

bool SoundStream::here(double from, double to) const noexcept {
    if (whole_) return true;
    const auto page_of = [&](double frame) {
        return static_cast<std::size_t>(std::clamp(frame, 0.0, static_cast<double>(header_.frames - 1)) / page_frames);
    };
    for (std::size_t page = page_of(std::min(from, to)); page <= page_of(std::max(from, to)); ++page)
        if (slot_of_[page] < 0) return false;
    return true;
}

void SoundStream::read(std::int64_t page, float* into) {
    if (!reader_) {
        reader_ = std::make_unique<SoundReader>(path_);
        next_ = 0;
        const auto& now = reader_->header();
        if (now.channels != header_.channels || now.rate != header_.rate || now.frames != header_.frames)
            throw SoundError("has been replaced by another sound; play the patch anew to hear that one");
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

bool SoundStream::fill() {
    if (whole_) return false;
    const auto misses = missed_.load(std::memory_order_relaxed);
    if (misses > 2 * told_misses_) {  // the first, and then ever more rarely
        told_misses_ = misses;
        tell_(path_.string() + " came too late from the disk (" + std::to_string(misses) +
              " times so far); what was missing was faded over");
    }
    Asked ask;
    if (!asks_.pop(ask)) return false;
    std::error_code error;
    if (!told_gone_ && reader_ && !fs::exists(path_, error)) {
        told_gone_ = true;
        tell_(path_.string() + " has vanished; it plays on for as long as it can be read");
    }
    try {
        read(ask.page, pages_.data() + ask.slot * page_frames * width_);
        ask.read = true;
        told_failure_ = false;
    } catch (const SoundError& failure) {
        reader_.reset();
        if (!told_failure_)
            tell_(path_.string() + " " + failure.what() + "; what plays fades out, and start tries again");
        told_failure_ = true;
    }
    answers_.push(ask);
    return true;
}

}  // namespace legume

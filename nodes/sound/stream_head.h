// A head in a stream: what the disk has not brought is faded over, and beyond the sound's ends lies its mirror image.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>

#include "graph/node.h"
#include "nodes/dsp/head.h"
#include "nodes/sound/sound_stream.h"

namespace legume {

struct StreamHead : dsp::Head {
    static constexpr double hurried_seconds = 0.005;  // a fade that stands before a gap, or makes room

    SoundStream* sound = nullptr;
    float cover = 1;   // goes to 0 before a stretch that is missing
    bool here = true;  // what comes next has been read

    void begin(SoundStream& stream, double place, double rise_frames) noexcept RT_SAFE {
        sound = &stream;
        const bool read = stream.here(place - dsp::Sinc::most_taps, place + dsp::Sinc::most_taps);
        if (!read && !stream.broken()) stream.missed();
        dsp::Head::begin(place, rise_frames);
        cover = read ? 1.0f : 0.0f;
        here = read;
    }
    static double mirrored(const SoundStream& stream, double frame) noexcept RT_SAFE {
        const double length = stream.length();
        return frame < 0 ? -frame : frame > length ? 2 * length - frame : frame;
    }
    // Whether a block from there on has been read, and what a fade before a gap behind it takes.
    static bool ready(const SoundStream& stream, double place, double step, double rate) noexcept RT_SAFE {
        constexpr double reach = dsp::Sinc::most_taps;
        const double to = place + step * (hurried_seconds * rate + block_frames);
        return stream.here(mirrored(stream, std::min(place, to) - reach), mirrored(stream, place)) &&
               stream.here(mirrored(stream, place), mirrored(stream, std::max(place, to) + reach));
    }
    bool ready(double step, double rate) const noexcept RT_SAFE { return ready(*sound, at, step, rate); }
    // Once a block: says what it needs around itself.
    void want() const noexcept RT_SAFE {
        constexpr double page = SoundStream::page_frames;
        sound->want(mirrored(*sound, at - page), mirrored(*sound, at + page));
    }
    // Once a block: whether what comes next is there.
    void look(bool is_here) noexcept RT_SAFE {
        if (here && !is_here && !sound->broken()) sound->missed();
        here = is_here;
    }
    void advance(double step, float cover_step) noexcept RT_SAFE {
        dsp::Head::advance(step);
        cover = std::clamp(cover + (here ? cover_step : -cover_step), 0.0f, 1.0f);
    }
    // Adds what is heard there, `share` of it; with `around` the sound is a circle.
    void add(double step, float share, const dsp::Sinc& sinc, dsp::Sinc::Taps& taps,
             std::array<float, max_channels>& sum, bool around = false) const noexcept RT_SAFE {
        const double whole = math::floor(at);
        if (at == whole && step <= 1 && step >= -1) {  // between no frames: what the weights below come to
            const auto i = static_cast<std::int64_t>(whole);
            const float* const frame = sound->piece(i, 1);
            const float* const there = frame ? frame : frame_at(i, around);
            for (std::size_t c = 0; there && c < static_cast<std::size_t>(sound->header().channels); ++c)
                sum[c] += there[c] * share * cover;
            return;
        }
        sinc.weigh(at - whole, step, taps);
        const auto first = static_cast<std::int64_t>(whole) + taps.first;
        const auto width = static_cast<std::size_t>(sound->header().channels);
        const float* const inside = sound->piece(first, taps.count);
        std::array<float, max_channels> now{};
        if (inside && width == 1) weigh<1>(inside, taps, now);
        if (inside && width == 2) weigh<2>(inside, taps, now);
        for (int k = 0; !(inside && width <= 2) && k < taps.count; ++k) {
            const float* const frame =
                inside ? inside + static_cast<std::size_t>(k) * width : frame_at(first + k, around);
            const float weight = taps.weights[static_cast<std::size_t>(k)];
            for (std::size_t c = 0; frame && c < width; ++c) now[c] += frame[c] * weight;
        }
        for (std::size_t c = 0; c < width; ++c) sum[c] += now[c] * share * cover;
    }

  private:
    template <std::size_t width>
    static void weigh(const float* x, const dsp::Sinc::Taps& taps,
                      std::array<float, max_channels>& now) noexcept RT_SAFE {
        for (std::size_t k = 0; k < static_cast<std::size_t>(taps.count); ++k)
            for (std::size_t c = 0; c < width; ++c) now[c] += x[k * width + c] * taps.weights[k];
    }
    const float* frame_at(std::int64_t i, bool around) const noexcept RT_SAFE {
        const std::int64_t count = sound->header().frames;
        if (around) return sound->piece(((i % count) + count) % count, 1);
        if (i < 0) i = -i;
        if (i >= count) i = 2 * (count - 1) - i;
        return sound->piece(std::clamp<std::int64_t>(i, 0, count - 1), 1);
    }
};

// A head that is silent, and not the one that leads; without one the quietest hurries, and who wants it waits.
template <class SomeHead, std::size_t count>
SomeHead* spare(std::array<SomeHead, count>& heads, const SomeHead* leading, double rate) noexcept RT_SAFE {
    SomeHead* quietest = nullptr;
    for (auto& head : heads) {
        if (&head == leading) continue;
        if (!head.on) return &head;
        if (!quietest || head.level < quietest->level) quietest = &head;
    }
    quietest->leave(StreamHead::hurried_seconds * rate);
    return nullptr;
}

// Spreads a sound's channels over `channels`: a mono one is heard on all.
inline void spread(std::array<float, max_channels>& frame, int of_sound, int channels) noexcept RT_SAFE {
    if (of_sound == 1) std::fill(frame.begin() + 1, frame.begin() + channels, frame[0]);
}

}  // namespace legume

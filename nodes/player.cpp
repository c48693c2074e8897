// Plays a sound file at any speed, in either direction, without a click where it starts, stops or loops.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <optional>

#include "nodes/dsp/interpolate.h"
#include "nodes/level.h"
#include "nodes/sound_file.h"

namespace legume {
namespace {

// A place in the sound that is being read, at a level that may be on its way.
struct Head {
    double at = 0;  // frames of the file
    float level = 0, slope = 0;
    bool on = false;

    void leave(double frames) noexcept RT_SAFE { slope = static_cast<float>(-1 / std::max(frames, 1.0)); }
    void advance(double step) noexcept RT_SAFE {
        at += step;
        level = std::min(level + slope, 1.0f);
        on = level > 0 || slope > 0;
    }
};

struct Player final : Node {
    FileOption file{this, "file", Required{}, "The sound to play."};
    FlagOption autostart{this, "autostart", true, "Plays from the first moment on, without waiting for start."};
    Out out{this, "out", "The sound, on as many channels as the file has."};
    Param speed{this,
                "speed",
                {.min = -4, .max = 4, .initial = 1},
                "How fast it plays: 2 is an octave up, below 0 is backwards, 0 stands still."};
    Param loop{this, "loop", {.initial = 1, .unit = Unit::flag}, "Goes round and round."};
    Param gain{this, "gain", gain_range, "How loud it is."};
    Trigger start{this, "start", "Plays from the beginning (from the end when speed is below 0)."};
    Trigger stop{this, "stop", "Falls silent."};
    Meter position{this, "position", Unit::seconds, "Where in the file it is."};

    static constexpr double rise_seconds = 0.002, fall_seconds = 0.005, seam_seconds = 0.01;

    std::shared_ptr<const Sound> sound;
    const dsp::Sinc* sinc = nullptr;
    dsp::Sinc::Taps taps;
    double ratio = 1, length = 0;  // file frames a graph frame at speed 1; frames
    bool circular = false;         // shorter than two seams: a loop of it is a wave, read round its end
    std::array<Head, 8> heads;     // one leads, the others are leaving
    std::size_t lead = 0;
    bool playing = false, fresh = true, around = false;
    mutable std::optional<SoundHeader> header;

    // 1 until the file can be read: check says why it cannot.
    int channels_of(const Out&, int) const override {
        if (!header) {
            try {
                header = read_sound_header(file.path());
            } catch (const SoundError&) {
                header = SoundHeader{0, 1, 0};
            }
        }
        return header->channels;
    }
    void check(const Checking& checking) const override {
        try {
            read_sound_header(file.path());
        } catch (const SoundError& error) {
            checking.problem(file, file.path().string() + " " + error.what());
        }
    }
    // Ogg and MP3 decode to other bits on other machines.
    bool portable() const override {
        const auto extension = file.path().extension();
        return extension == ".wav" || extension == ".flac" || extension == ".aiff" || extension == ".aif";
    }
    void prepare(const Prepare& p) override {
        try {
            sound = p.store.get<Sound>(file.path().lexically_normal().string(),
                                       [&] { return std::make_shared<const Sound>(read_sound(file.path())); });
        } catch (const SoundError& error) {
            throw Refusal("file", file.path().string() + " " + error.what());
        }
        if (sound->channels != p.channels(out))
            throw Refusal("file", file.path().string() + " has changed its channels meanwhile; save the patch again");
        sinc = &dsp::Sinc::table();
        ratio = sound->rate / p.rate;
        length = static_cast<double>(sound->frames());
        circular = length < 2 * seam_seconds * sound->rate;
    }

    // The quietest that does not lead: with this many, one that has all but left.
    std::size_t spare() const noexcept RT_SAFE {
        std::size_t found = lead == 0 ? 1 : 0;
        for (std::size_t h = 0; h < heads.size(); ++h)
            if (h != lead && (heads[h].on ? heads[h].level : 0) < (heads[found].on ? heads[found].level : 0)) found = h;
        return found;
    }
    void begin(double at, double rise_frames) noexcept RT_SAFE {
        lead = spare();
        heads[lead] = {at, 0, static_cast<float>(1 / std::max(rise_frames, 1.0)), true};
        playing = true;
    }
    void end(double fall_frames) noexcept RT_SAFE {
        if (playing) heads[lead].leave(fall_frames);
        playing = false;
    }
    // A head that passes the sound's end leaves over its mirror image, while the next one rises from the start: the
    // loop keeps its length to the frame, and a sound that stops in full voice does not click.
    void turn(double step, double rate, bool again) noexcept RT_SAFE {
        Head& head = heads[lead];
        const bool past = head.at >= length, before = head.at < 0;
        if (!past && !before) return;
        const double next = past ? head.at - length : head.at + length;
        if (around) {
            head.at = length * math::fraction(head.at / length);
            return;
        }
        const double pace = std::max(step < 0 ? -step : step, 1e-9);
        const double seam = std::min(seam_seconds * rate, 0.5 * length / pace);
        end(seam);
        if (again) begin(next, seam);
    }
    std::size_t frame_at(std::ptrdiff_t i) const noexcept RT_SAFE {
        const auto count = static_cast<std::ptrdiff_t>(sound->frames());
        if (around) return static_cast<std::size_t>(((i % count) + count) % count);
        if (i < 0) i = -i;
        if (i >= count) i = 2 * (count - 1) - i;
        return static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(i, 0, count - 1));
    }
    void add(const Head& head, double step, std::array<float, max_channels>& sum) noexcept RT_SAFE {
        const double whole = math::floor(head.at);
        sinc->weigh(head.at - whole, step, taps);
        const auto first = static_cast<std::ptrdiff_t>(whole) + taps.first;
        const auto width = static_cast<std::size_t>(sound->channels);
        const auto frames = static_cast<std::ptrdiff_t>(sound->frames());
        const bool inside = first >= 0 && first + taps.count <= frames;
        std::array<float, max_channels> here{};
        for (int k = 0; k < taps.count; ++k) {
            const auto i = inside ? static_cast<std::size_t>(first + k) : frame_at(first + k);
            const float* const frame = sound->samples.data() + i * width;
            const float weight = taps.weights[static_cast<std::size_t>(k)];
            for (std::size_t c = 0; c < width; ++c) here[c] += frame[c] * weight;
        }
        for (std::size_t c = 0; c < width; ++c) sum[c] += here[c] * head.level;
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const Ramp pace = speed.ramp(b);
        const double rate = b.rate();
        const bool again = loop.value(b) >= 0.5f;
        around = circular && again;
        const std::uint64_t starts = start.edges(b), stops = stop.edges(b);
        for (int i = 0; i < block_frames; ++i) {
            const double step = pace[i] * ratio;
            if ((fresh && autostart.value()) || (starts >> i & 1)) {
                end(fall_seconds * rate);
                begin(step < 0 ? length - 1 : 0, rise_seconds * rate);
            }
            fresh = false;
            if (stops >> i & 1) end(fall_seconds * rate);
            std::array<float, max_channels> sum{};
            for (Head& head : heads)
                if (head.on) add(head, step, sum);
            for (int ch = 0; ch < sound->channels; ++ch) out.write(b, ch)[i] = sum[static_cast<std::size_t>(ch)];
            for (Head& head : heads)
                if (head.on) head.advance(step);
            if (playing) turn(step, rate, again);
        }
        for (int ch = 0; ch < sound->channels; ++ch) {
            const Ramp level = amplitude(gain.ramp(b, ch));
            const auto y = out.write(b, ch);
            for (int i = 0; i < block_frames; ++i) y[i] *= level[i];
        }
        position.set(static_cast<float>(std::clamp(heads[lead].at, 0.0, length) / sound->rate));
    }
    void reset() noexcept RT_SAFE override {
        heads.fill({});
        playing = false;
        fresh = true;
    }
};

}  // namespace

extern const NodeType player_node{"player", "Plays a sound file at any speed, once or in a loop.", make_node<Player>};

}  // namespace legume

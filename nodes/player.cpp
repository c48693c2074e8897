// Plays a sound file of any length at any speed, in either direction, without a click where it starts, stops or loops.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <optional>

#include "nodes/members/level.h"
#include "nodes/members/sync.h"
#include "nodes/sound/stream_head.h"

namespace legume {
namespace {

constexpr Range place_in_file{.min = 0, .max = 36'000, .initial = 0, .unit = Unit::seconds, .glide_seconds = 0};
constexpr Range fade_range(float initial) {
    return {.min = 0.001f, .max = 30, .initial = initial, .unit = Unit::seconds, .curve = Curve::log};
}

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
    Param offset{this, "offset", place_in_file, "How far into the file it starts; backwards, how far from its end."};
    Param loop_start{this, "loop_start", place_in_file,
                     "Where in the file the loop begins; what is before it is heard once."};
    Param loop_end{this, "loop_end", place_in_file, "Where in the file the loop ends; 0 is the file's end."};
    Param crossfade{this, "crossfade", fade_range(0.01f), "How long the loop's end fades into its beginning."};
    Param fade_in{this, "fade_in", fade_range(0.002f), "How long it rises when it starts."};
    Param fade_out{this, "fade_out", fade_range(0.005f), "How long it dies away when it is stopped."};
    Trigger start{this, "start", "Plays from the beginning (from the end when speed is below 0)."};
    Trigger stop{this, "stop", "Falls silent."};
    ChoiceOption stream{this,
                        "stream",
                        {"auto", "memory", "disk"},
                        "Where it plays from; by itself it holds three minutes of stereo in memory and reads longer "
                        "files from the disk as they play."};
    Sync sync{this, "Each start waits for the next such line of the transport."};
    Meter position{this, "position", Unit::seconds, "Where in the file it is."};
    Meter late{this, "late", Unit::count, "How often the disk was too slow and the sound was faded over."};
    Work reader{this, "reader", Work::Pool::io, [this] { return sound.fill(); }, "Reads ahead from the disk."};
    TimingDecision missing{this, "missing", "How much of what it will need the disk had not given yet."};
    TimingDecision unread{this, "unread", "What the disk could not give."};

    static constexpr double hurried_seconds = StreamHead::hurried_seconds;  // also what makes room for a new start
    static constexpr double shortest_loop = 0.02, ahead_seconds = 1;

    SoundStream sound;
    const dsp::Sinc* sinc = nullptr;
    dsp::Sinc::Taps taps;
    double ratio = 1, length = 0;     // file frames a graph frame at speed 1; frames
    double low = 0, high = 0;         // of the loop, frames
    bool circular = false;            // shorter than two seams: a loop of it is a wave, read round its end
    std::array<StreamHead, 8> heads;  // one leads, the others are leaving
    std::size_t lead = 0;
    Lines lines{sync};
    bool playing = false, fresh = true, around = false;
    bool on_line = false, due = false;  // a start waits: for a line, for the disk
    HeaderOnce header;

    int channels_of(const Out&, int) const override { return header.of(file.path()).channels; }
    void check(const Checking& checking) const override {
        try {
            const auto now = read_sound_header(file.path());
            const double seconds = static_cast<double>(now.frames) / now.rate;
            for (const auto* place : {&offset, &loop_start, &loop_end})
                if (static_cast<double>(place->own()) > seconds)
                    checking.problem(*place, place->name + " is at " + place->range.print(place->own()) + ", but " +
                                                 file.path().string() + " is only " +
                                                 place->range.print(static_cast<float>(seconds)) + " long");
            if (loop_end.own() > 0 && loop_end.own() <= loop_start.own())
                checking.problem(loop_end, "loop_end comes before loop_start; put it behind " +
                                               loop_start.range.print(loop_start.own()) + ", or at 0 for the end");
        } catch (const SoundError& error) {
            checking.problem(file, file.path().string() + " " + error.what());
        }
    }
    bool portable() const override { return decodes_alike(file.path()); }
    void prepare(const Prepare& p) override {
        try {
            sound.open(file.path(), p.store, static_cast<SoundStream::From>(stream.at()), p.tell);
        } catch (const SoundError& error) {
            throw PrepareError("file", file.path().string() + " " + error.what());
        }
        if (sound.header().channels != p.channels(out))
            throw PrepareError("file",
                               file.path().string() + " has changed its channels meanwhile; save the patch again");
        sinc = &dsp::Sinc::table();
        ratio = sound.header().rate / p.rate;
        length = static_cast<double>(sound.header().frames);
        circular = length < shortest_loop * sound.header().rate;
        bound(loop.own() >= 0.5f, static_cast<double>(loop_start.own()), static_cast<double>(loop_end.own()));
        sound.begin(missing, unread);
        ask(static_cast<double>(speed.own()) * ratio, p.rate, static_cast<double>(offset.own()));
        while (sound.fill()) {
        }
    }

    void bound(bool again, double from, double to) noexcept RT_SAFE {
        const double rate = sound.header().rate, least = std::min(shortest_loop * rate, length);
        low = again ? std::min(from * rate, length - least) : 0;
        high = again && to > 0 ? std::clamp(to * rate, low + least, length) : length;
        around = circular && again;
    }
    double first_frame(double step, double skip) const noexcept RT_SAFE {
        const double in = std::min(skip * sound.header().rate, length - 1);
        return step < 0 ? length - 1 - in : in;
    }
    // Says to the disk what is needed next: of what leaves, of what plays, of the loop's next round, of a start.
    void ask(double step, double rate, double skip) noexcept RT_SAFE {
        constexpr double page = SoundStream::page_frames;
        const double pace = step < 0 ? -step : step, way = step < 0 ? -1 : 1;
        const double reach = std::clamp(pace * rate * ahead_seconds, 2 * page, double{SoundStream::most_ahead});
        for (const auto& head : heads)
            if (head.on) head.want();
        if (playing) sound.want(heads[lead].at, heads[lead].at + way * reach);
        const double entry = step < 0 ? high : low;
        sound.want(entry, entry + way * reach);
        const double first = first_frame(step, skip);
        sound.want(first, first + way * reach);
    }

    // The quietest that does not lead: with this many, one that has all but left.
    std::size_t spare() const noexcept RT_SAFE {
        std::size_t found = lead == 0 ? 1 : 0;
        for (std::size_t h = 0; h < heads.size(); ++h)
            if (h != lead && heads[h].loudness() < heads[found].loudness()) found = h;
        return found;
    }
    void begin(double at, double rise_frames) noexcept RT_SAFE {
        lead = spare();
        heads[lead].begin(sound, at, rise_frames);
        playing = true;
    }
    void end(double fall_frames) noexcept RT_SAFE {
        if (playing) heads[lead].leave(fall_frames);
        playing = false;
    }
    // A head that passes the loop's end leaves over what follows (at the file's end its mirror image), while the next
    // one rises from the start: the loop keeps its length to the frame, and a sound that stops in full voice does not
    // click.
    void turn(double step, double seam, bool again) noexcept RT_SAFE {
        StreamHead& head = heads[lead];
        if (around) {
            if (head.at >= length || head.at < 0) head.at = length * math::fraction(head.at / length);
            return;
        }
        const bool past = step >= 0 && head.at >= high, before = step <= 0 && head.at < low;
        if (!past && !before) return;
        double next = past ? head.at - (high - low) : head.at + (high - low);
        if (next < low || next >= high) next = past ? low : high - 1;  // the loop was moved away
        const double pace = std::max(step < 0 ? -step : step, 1e-9);
        seam = std::min(seam, 0.5 * (high - low) / pace);
        end(seam);
        if (again) begin(next, seam);
    }
    void look_ahead(double step, double rate) noexcept RT_SAFE {
        sound.begin(missing, unread);
        for (auto& head : heads)
            if (head.on) head.look(head.ready(step, rate));
        late.set(static_cast<float>(sound.misses()));
        ask(step, rate, static_cast<double>(offset.own()));
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const Ramp pace = speed.ramp(b);
        const double rate = b.rate();
        const bool again = loop.value(b) >= 0.5f;
        bound(again, static_cast<double>(loop_start.value(b)), static_cast<double>(loop_end.value(b)));
        look_ahead(static_cast<double>(pace.to) * ratio, rate);
        lines.begin(b);
        const double seam = static_cast<double>(again ? crossfade.value(b) : 0.01f) * rate;
        const float cover_step = static_cast<float>(1 / (hurried_seconds * rate));
        const std::uint64_t starts = start.edges(b), stops = stop.edges(b);
        const int channels = sound.header().channels;
        for (int i = 0; i < block_frames; ++i) {
            const double step = static_cast<double>(pace[i]) * ratio;
            if ((fresh && autostart.value()) || (starts >> i & 1)) {
                (sync.on() ? on_line : due) = true;
                sound.mend();
            }
            fresh = false;
            if (sync.on() && lines.falls(b, i) && on_line) {
                on_line = false;
                due = true;
            }
            if (stops >> i & 1) {
                end(static_cast<double>(fade_out.value(b)) * rate);
                due = on_line = false;
            }
            if (due) set_off(step, b);
            std::array<float, max_channels> sum{};
            for (auto& head : heads)
                if (head.on) head.add(step, head.level, *sinc, taps, sum, around);
            for (int ch = 0; ch < channels; ++ch)
                out.write(b, ch)[static_cast<std::size_t>(i)] = sum[static_cast<std::size_t>(ch)];
            for (auto& head : heads)
                if (head.on) head.advance(step, cover_step);
            if (playing) turn(step, seam, again);
        }
        amplify(b, out, gain);
        position.set(static_cast<float>(std::clamp(heads[lead].at, 0.0, length) / sound.header().rate));
    }
    // Starts as soon as the first frames have been read: a block later at the most, unless the disk is slow.
    void set_off(double step, const Block& b) noexcept RT_SAFE {
        const double first = first_frame(step, static_cast<double>(offset.value(b)));
        if (!StreamHead::ready(sound, first, step, b.rate())) return;
        due = false;
        for (auto& head : heads)
            if (head.on) head.leave(hurried_seconds * b.rate());
        begin(first, static_cast<double>(fade_in.value(b)) * b.rate());
    }
    void reset() noexcept RT_SAFE override {
        heads.fill({});
        lines.reset();
        playing = due = on_line = false;
        fresh = true;
        sound.mend();
    }
};

}  // namespace

extern const NodeType player_node{"player", "Plays a sound file at any speed, once or in a loop.", make_node<Player>};

}  // namespace legume

// Records a loop and plays it, dubs over it, undoes that, and runs it at any speed in either direction.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "nodes/dsp/interpolate.h"
#include "nodes/members/level.h"
#include "nodes/members/sync.h"

namespace legume {
namespace {

// Goes between 0 and 1 in 5 ms.
struct Way {
    float at = 0;
    void walk(bool on, float step) noexcept RT_SAFE { at = on ? std::min(at + step, 1.0f) : std::max(at - step, 0.0f); }
};

// Each frame of the loop keeps what it was before the take that touched it last, so that undoing is a matter of which
// of the two is read and nothing has to be copied. What is read is two frames ahead of what is written, so that no
// frame between the two is ever half new; what is written is as much older, so that it lies where it was played. Where
// the loop turns round a dub fades out and in.
struct Looper final : Node {
    In in{this, "in", "Sound to record."};
    Out out{this, "out", "The loop alone; what is played over it goes round by a wire of its own."};
    NumberOption longest{this,
                         "longest",
                         {.min = 1, .max = 600, .initial = 60, .unit = Unit::seconds},
                         "How long a loop can be; a recording ends there by itself."};
    Sync sync{this, "Recording and playing begin and end on such lines of the transport; 4 is a bar of 4/4."};
    Param speed{this,
                "speed",
                {.min = -2, .max = 2, .initial = 1, .glide_seconds = 0.05f},
                "How fast the loop runs: 0.5 is an octave down, 2 one up, below 0 backwards."};
    Param feedback{
        this, "feedback", {.min = 0, .max = 1, .initial = 1}, "How much of the loop stays where it is dubbed over."};
    Param gain{this, "gain", gain_range, "How loud it is."};
    Trigger record{this, "record",
                   "Records; again, the loop is closed and plays; again, it is dubbed over or no more."};
    Trigger undo{this, "undo", "Takes the newest dub away, or back."};
    Trigger play{this, "play", "Plays from the loop's beginning."};
    Trigger stop{this, "stop", "Falls silent; the loop is kept."};
    Trigger clear{this, "clear", "Forgets the loop."};
    Meter length{this, "length", Unit::seconds, "How long the loop is."};
    Meter position{this, "position", Unit::seconds, "Where in the loop it is."};
    Meter recording{this, "recording", Unit::flag, "Whether it records or dubs."};

    static constexpr int behind = 2;           // frames
    static constexpr std::size_t recent = 64;  // frames of what came in
    static constexpr double slow = 0.25;       // below this speed a dub fades, to nothing where the loop stands still
    static constexpr double fade_seconds = 0.005, turn_seconds = 0.02, shortest_seconds = 0.02;
    static constexpr std::size_t most_takes = 1 << 16;

    std::vector<float> now, before;  // [frame][channel]; before: as it was until take_of that frame
    std::vector<std::uint16_t> take_of;
    std::vector<std::uint8_t> undone;  // by take
    std::size_t width = 1;
    std::int64_t room = 0, frames = 0;  // 0 frames: there is no loop
    double at = 0;                      // what is heard
    std::int64_t written = 0;           // newest frame that was written to
    bool forwards = true;
    std::size_t take = 0;
    Way dub, heard, undoing;           // undoing: of the newest take
    float straight = 1;                // 0 where it turns round
    double since_turn = 1e9;           // frames
    bool dubs = false, first = false;  // first: the loop has no end yet
    bool plays = false, again = false, forgets = false;
    bool toggles = false, begins = false;  // wait for a line
    PerChannel<std::array<float, recent>> came;
    std::array<float, recent> dubbed{};  // how much of that is to be written
    std::size_t newest = 0;
    std::size_t lingers = 0;           // frames until nothing of it is
    PerChannel<float> last, gathered;  // of what is written
    int gathering = 0;
    double waited = 0;  // frames since it was to play from the beginning
    Lines lines{sync};

    void prepare(const Prepare& p) override {
        width = static_cast<std::size_t>(p.channels(out));
        room = static_cast<std::int64_t>(static_cast<double>(longest.value()) * p.rate);
        now.assign(static_cast<std::size_t>(room) * width, 0.0f);
        before = now;
        take_of.assign(static_cast<std::size_t>(room), 0);
        undone.assign(most_takes, 0);
    }

    std::size_t wrapped(std::int64_t frame) const noexcept RT_SAFE {
        return static_cast<std::size_t>((frame % frames + frames) % frames);
    }
    float read(std::int64_t frame, std::size_t c) const noexcept RT_SAFE {
        const std::size_t f = wrapped(frame), i = f * width + c;
        const float gone = take_of[f] == take ? undoing.at : static_cast<float>(undone[take_of[f]]);
        return gone <= 0 ? now[i] : gone >= 1 ? before[i] : now[i] + (before[i] - now[i]) * gone;
    }
    float read_at(double place, std::size_t c) const noexcept RT_SAFE {
        const double whole = math::floor(place);
        const auto f = static_cast<std::int64_t>(whole);
        if (place == whole) return read(f, c);
        return dsp::lagrange(read(f - 1, c), read(f, c), read(f + 1, c), read(f + 2, c),
                             static_cast<float>(place - whole));
    }
    void write(std::int64_t frame, std::size_t c, float x, float keep) noexcept RT_SAFE {
        const std::size_t f = first ? static_cast<std::size_t>(frame) : wrapped(frame), i = f * width + c;
        const bool touched = take_of[f] == take;
        const float was = first ? 0 : read(frame, c);
        if (!touched || first) before[i] = was;
        now[i] = was * keep + x;
        if (c + 1 == width) take_of[f] = static_cast<std::uint16_t>(take);
    }
    // Takes what comes in, and gives what `frames_ago` it was, between two frames a line.
    void hear(const Block& b, int i, float level) noexcept RT_SAFE {
        newest = (newest + 1) % recent;
        for (std::size_t c = 0; c < width; ++c)
            came[static_cast<int>(c)][newest] = in.read(b, static_cast<int>(c))[static_cast<std::size_t>(i)];
        dubbed[newest] = level;
        lingers = level > 0 ? recent : lingers - std::min<std::size_t>(lingers, 1);
    }
    float ago(const std::array<float, recent>& line, double frames_ago) const noexcept RT_SAFE {
        const auto whole = static_cast<std::size_t>(frames_ago);
        const auto part = static_cast<float>(frames_ago - static_cast<double>(whole));
        const float from = line[(newest + recent - whole) % recent];
        return part > 0 ? from + (line[(newest + recent - whole - 1) % recent] - from) * part : from;
    }
    // A loop that runs slowly takes the mean of what comes in on its way to the next frame; one that runs fast, a line.
    void record_frame(float keep_all, double step) noexcept RT_SAFE {
        const auto place = static_cast<std::int64_t>(math::floor(at));
        const std::int64_t target = forwards ? place - behind : place + behind + 1;
        const std::int64_t steps = forwards ? target - written : written - target;
        const double pace = step < 0 ? -step : step, delay = std::min(behind / std::max(pace, 0.05), recent - 2.0);
        const float level = ago(dubbed, delay);
        ++gathering;
        for (std::size_t c = 0; c < width; ++c) {
            const int ch = static_cast<int>(c);
            gathered[ch] += ago(came[ch], delay);
            if (steps <= 0) continue;
            const float to = gathered[ch] / static_cast<float>(gathering), from = last[ch];
            for (std::int64_t s = 1; s <= steps; ++s) {
                const std::int64_t frame = forwards ? written + s : written - s;
                const float x =
                    s == steps ? to : from + (to - from) * static_cast<float>(s) / static_cast<float>(steps);
                if (level > 0 && !(first && frame < 0)) write(frame, c, x * level, 1 - (1 - keep_all) * level);
            }
            last[ch] = to;
            gathered[ch] = 0;
        }
        if (steps > 0) {
            written = target;
            gathering = 0;
        }
    }
    void place_writer() noexcept RT_SAFE {
        const auto place = static_cast<std::int64_t>(math::floor(at));
        written = forwards ? place - behind - 1 : place + behind + 2;
        gathered.fill(0);
        gathering = 0;
    }

    bool begin_take() noexcept RT_SAFE {
        if (take + 1 >= most_takes) return false;
        undone[take] = undoing.at > 0.5f;
        ++take;
        undoing.at = 0;
        undone[take] = 0;
        return dubs = true;
    }
    void toggle(double rate) noexcept RT_SAFE {
        if (frames == 0 && !first) {  // a new loop
            take = 0;
            begin_take();
            first = true;
            at = 0;
            forwards = true;
            place_writer();
        } else if (first) {
            if (at >= shortest_seconds * rate) close(rate);
        } else if (dubs) {
            dubs = false;
        } else if (plays) {
            begin_take();
        }
    }
    // What still comes in fades away over the beginning, which faded in: so the end leads into it.
    void close(double rate) noexcept RT_SAFE {
        if (at < shortest_seconds * rate) {  // no loop yet
            first = dubs = false;
            dub = {};
            dubbed.fill(0);
            lingers = 0;
            return;
        }
        frames = static_cast<std::int64_t>(at);
        for (std::int64_t frame = std::max<std::int64_t>(written + 1, 0); frame < frames; ++frame) {
            const auto f = static_cast<std::size_t>(frame);  // the last two, which the tail will fill
            take_of[f] = static_cast<std::uint16_t>(take);
            for (std::size_t i = f * width; i < (f + 1) * width; ++i) now[i] = before[i] = 0;
        }
        first = dubs = false;
        plays = true;
        again = forgets = false;
        at -= static_cast<double>(frames);
        written -= frames;
        heard.at = 1;
    }
    void command(const Block& b, int i) noexcept RT_SAFE {
        const bool line = sync.on() && lines.falls(b, i);
        const auto fired = [&](const Trigger& trigger) { return trigger.edges(b) >> i & 1; };
        if (fired(record)) toggles = !(toggles && sync.on());  // a second time before the line: not at all
        if (fired(play) && frames > 0) begins = true;
        if (fired(stop)) {
            if (first) close(b.rate());
            plays = dubs = toggles = begins = again = false;
        }
        if (fired(clear)) {
            if (first) close(b.rate());
            forgets = frames > 0;
            plays = dubs = toggles = begins = false;
        }
        if (fired(undo) && frames > 0 && !dubs && dub.at <= 0) undone[take] = !undone[take];
        const bool settled = undoing.at == static_cast<float>(undone[take]);
        if (toggles && (line || !sync.on()) && settled && (dub.at <= 0 || dubs)) {
            toggles = false;
            toggle(b.rate());
        }
        if (begins && (line || !sync.on())) {
            begins = dubs = false;
            plays = again = true;
            waited = 0;
        }
    }
    // How far it is from standing still in time, before and after.
    void keep_straight(double step, double hurry, float fade, double rate) noexcept RT_SAFE {
        since_turn += 1;
        const double until = step * hurry < 0 ? -step / hurry : 1e9;
        const double to = std::clamp(std::min(until, since_turn) / (turn_seconds * rate), 0.0, 1.0);
        straight += std::clamp(static_cast<float>(to) - straight, -fade, fade);
    }
    void move(double step) noexcept RT_SAFE {
        const bool still_forwards = step >= 0;
        if (still_forwards != forwards && frames > 0) {
            forwards = still_forwards;
            since_turn = 0;
            place_writer();
        }
        at += first ? 1 : step;
        if (first || frames == 0) return;
        const auto all = static_cast<double>(frames);
        const double round = math::floor(at / all);
        at -= round * all;
        written -= static_cast<std::int64_t>(round) * frames;
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const Ramp pace = speed.ramp(b), keep = feedback.ramp(b);
        const float fade = static_cast<float>(1 / (fade_seconds * b.rate()));
        const double hurry = static_cast<double>(pace.to - pace.from) / block_frames;  // speed a frame
        lines.begin(b);
        for (int i = 0; i < block_frames; ++i) {
            command(b, i);
            const double step = first ? 1 : static_cast<double>(pace[i]);
            dub.walk(dubs, fade);
            keep_straight(step, hurry, fade, b.rate());
            undoing.walk(undone[take], fade);
            heard.walk(plays && !again, fade);
            waited += 1;
            if (heard.at <= 0 && dub.at <= 0 && lingers == 0 && frames > 0) {  // nobody hears where it is moved to
                if (again) {                                                   // and as far in as it would be by now
                    const auto all = static_cast<double>(frames);
                    at = all * math::fraction(waited * static_cast<double>(pace[i]) / all);
                    place_writer();
                }
                if (forgets) frames = 0;
                again = forgets = false;
            }
            for (std::size_t c = 0; c < width; ++c)
                out.write(b, static_cast<int>(c))[static_cast<std::size_t>(i)] =
                    frames > 0 && heard.at > 0 ? read_at(at, c) * heard.at : 0.0f;
            const double pace_now = step < 0 ? -step : step;
            hear(b, i, dub.at * (first ? 1.0f : straight * static_cast<float>(std::min(1.0, pace_now / slow))));
            if (first || (frames > 0 && (heard.at > 0 || lingers > 0))) {
                record_frame(keep[i], step);
                move(step);
            }
            if (first && at >= static_cast<double>(room)) close(b.rate());
        }
        amplify(b, out, gain);
        length.set(static_cast<float>(static_cast<double>(frames) / b.rate()));
        position.set(static_cast<float>(at / b.rate()));
        recording.set(dubs ? 1.0f : 0.0f);
    }
    void reset() noexcept RT_SAFE override {
        frames = 0;
        at = 0;
        take = 0;
        undone[0] = 0;
        dub = heard = undoing = {};
        straight = 1;
        since_turn = 1e9;
        dubs = first = plays = again = forgets = toggles = begins = false;
        forwards = true;
        last.fill(0);
        came.fill({});
        dubbed.fill(0);
        newest = lingers = 0;
        waited = 0;
        place_writer();
        lines.reset();
    }
};

}  // namespace

extern const NodeType looper_node{"looper", "Records a loop, plays it and dubs over it.", make_node<Looper>};

}  // namespace legume

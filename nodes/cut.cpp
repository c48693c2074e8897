// Plays regions of sounds in a row, cut to the frame and faded into each other.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <deque>
#include <optional>
#include <system_error>

#include "graph/reads.h"
#include "nodes/members/law.h"
#include "nodes/members/level.h"
#include "nodes/samplernn/takes/picks.h"
#include "nodes/sound/stream_head.h"

namespace legume {
namespace {

namespace fs = std::filesystem;

constexpr Range place_in_file{.min = 0, .max = 36'000, .initial = 0, .unit = Unit::seconds};
constexpr Range fade_range{.min = 0.0005f, .max = 30, .initial = 0.01f, .unit = Unit::seconds, .curve = Curve::log};

struct Region final : Entry, Reads {
    FileOption file{this, "file", Required{}, "A sound, a training run for its starred takes, or a folder of sounds."};
    NumberOption from{this, "from", place_in_file, "Where in the file the region begins."};
    NumberOption to{this, "to", place_in_file, "Where in the file it ends; 0 is the file's end."};
    NumberOption fade{this, "fade", fade_range, "How long it rises over the end of the one before.", "node"};
    NumberOption gain{this, "gain", gain_range, "How loud it is."};
    NumberOption speed{this, "speed", {.min = -4, .max = 4, .initial = 1}, "How fast it plays; below 0 backwards."};

    // Throws RunError.
    std::vector<fs::path> files() const {
        const auto& path = file.path();
        std::error_code failed;
        if (!fs::is_directory(path, failed)) return {path};
        std::vector<fs::path> found;
        if (fs::exists(path / "picks.yaml", failed))
            for (const auto& star : read_stars(path)) found.push_back(star.file);
        else
            found = sounds_in(path);
        if (found.empty()) throw RunError(path.string() + " holds no sound, and no picks.yaml of a training run");
        return found;
    }
    std::vector<fs::path> reads(const Option&) const override {
        auto all = picks_of(file.path());
        for (auto& one : files()) all.push_back(std::move(one));
        return all;
    }
};

struct Piece {  // a region, in frames of its file
    std::size_t sound = 0;
    double from = 0, to = 0, speed = 1, fade_seconds = 0;  // fade 0: the node's
    float gain = 1;
};

struct CutHead : StreamHead {
    std::size_t piece = 0;
    double step = 1;  // frames of its file a graph frame, at speed 1
};

// Regions keep their lengths to the frame: one that ends plays on a little, behind its end, under the rise of the next.
struct Cut final : Node {
    static constexpr double shortest_seconds = 0.005, ahead_seconds = 1;

    EntriesOption regions{
        this,       "regions",
        "a region", make_entry<Region>,
        Required{}, "What plays, in this order, such as [{file: a.flac, from: 1 s, to: 2.5 s}, b.flac]."};
    NumbersOption order{
        this,
        "order",
        {0},
        {.min = 0, .max = 9'999, .initial = 0, .unit = Unit::count},
        "The regions by number, in the order in which they play, as in [3, 1, 1, 2]; 0 is as they are."};
    Law law{this};
    FlagOption autostart{this, "autostart", true, "Plays from the first moment on, without waiting for start."};
    ChoiceOption stream{this,
                        "stream",
                        {"auto", "memory", "disk"},
                        "Where it plays from; by itself it holds three minutes of stereo in memory and reads more than "
                        "that from the disk as it plays."};
    Param speed{this,
                "speed",
                {.min = 0.25f, .max = 4, .initial = 1, .curve = Curve::log},
                "How fast everything plays: 2 is an octave up, 0.5 one down."};
    Param loop{this, "loop", {.initial = 1, .unit = Unit::flag}, "Begins again after the last region."};
    Param hold{this, "hold", {.initial = 0, .unit = Unit::flag}, "The region at hand plays again and again."};
    Param fade{this, "fade", fade_range, "How long a region rises over the end of the one before."};
    Param gain{this, "gain", gain_range, "How loud it is."};
    Trigger next{this, "next", "Goes on to the next region."};
    Trigger previous{this, "previous", "Goes back to the region before."};
    Trigger start{this, "start", "Plays from the first region."};
    Trigger stop{this, "stop", "Falls silent."};
    Out out{this, "out", "The regions, on as many channels as the widest file has."};
    Out began{this, "began", "Goes to 1 for a frame when a region begins."};
    Meter region{this, "region", Unit::count, "Which of the row it plays; the first is 1."};
    Meter late{this, "late", Unit::count, "How often the disk was too slow and the sound was faded over."};
    Work reader{this, "reader", Work::Pool::io, [this] { return pages && pages->fill(); },
                "Reads ahead from the disk."};
    TimingDecision missing{this, "missing", "How much of what it will need the disk had not given yet."};
    TimingDecision unread{this, "unread", "What the disk could not give."};

    std::unique_ptr<SoundPages> pages;
    std::deque<SoundStream> sounds;
    std::vector<Piece> row;  // in the order in which they play
    const dsp::Sinc* sinc = nullptr;
    dsp::Sinc::Taps taps;
    std::array<CutHead, 8> heads;  // one leads, the others are leaving
    std::size_t lead = 0;
    bool playing = false, fresh = true;
    std::optional<std::size_t> due;  // waits for a head, or for the disk

    // One file of a region; a folder has several.
    struct Source {
        fs::path file;
        const Region* region = nullptr;
    };
    std::vector<Source> sources() const {
        std::vector<Source> all;
        for (const auto& entry : regions.all()) {
            const auto& one = static_cast<const Region&>(*entry);
            if (!one.file.valid()) continue;
            for (const auto& file : one.files()) all.push_back({file, &one});
        }
        return all;
    }
    mutable std::optional<int> widest;
    int channels_of(const Out& which, int) const override {
        if (&which == &began) return 1;
        if (!widest) {
            widest = 1;
            try {
                for (const auto& source : sources())
                    widest = std::max(*widest, read_sound_header(source.file).channels);
            } catch (const std::runtime_error&) {  // check says so
            }
        }
        return *widest;
    }
    bool portable() const override {
        try {
            const auto all = sources();
            return std::all_of(all.begin(), all.end(), [](const Source& one) { return decodes_alike(one.file); });
        } catch (const std::runtime_error&) {
            return true;
        }
    }
    // What is wrong with a region of a file, or nothing.
    static std::optional<std::string> fault(const Source& source) {
        const auto name = source.file.string();
        try {
            const auto header = read_sound_header(source.file);
            const auto& one = *source.region;
            const auto seconds = static_cast<float>(static_cast<double>(header.frames) / header.rate);
            const auto say = [](float s) { return place_in_file.print(s); };
            if (one.from.value() >= seconds)
                return "from is at " + say(one.from.value()) + ", but " + name + " is only " + say(seconds) + " long";
            if (one.to.value() > seconds)
                return "to is at " + say(one.to.value()) + ", but " + name + " is only " + say(seconds) + " long";
            const float end = one.to.value() > 0 ? one.to.value() : seconds;
            if (end - one.from.value() < static_cast<float>(shortest_seconds))
                return "from " + say(one.from.value()) + " to " + say(end) + " of " + name +
                       " there is nothing to hear; a region lasts at least 5 ms";
        } catch (const SoundError& error) {
            return name + " " + error.what();
        }
        return std::nullopt;
    }
    void check(const Checking& checking) const override {
        std::size_t count = 0;
        bool known = true;  // how many regions there are
        for (const auto& entry : regions.all()) {
            const auto& one = static_cast<const Region&>(*entry);
            if (!one.file.valid() || !one.from.valid() || !one.to.valid()) continue;
            if (one.speed.valid() && one.speed.value() == 0)
                checking.of(one).problem(one.speed, "speed is 0, so the region would never end; give it another");
            try {
                const auto files = one.files();
                count += files.size();
                for (const auto& file : files)
                    if (const auto wrong = fault({file, &one})) checking.of(one).problem(one.file, *wrong);
            } catch (const RunError& error) {
                known = false;
                checking.of(one).problem(one.file, error.what());
            }
        }
        if (!order.given() || !known || !regions.valid()) return;
        for (const float number : order.values())
            if (number < 1 || number > static_cast<float>(count))
                return checking.problem(order, "there is no region " + order.limits()->print(number) + "; there are " +
                                                   std::to_string(count) + ", the first is 1");
    }
    void prepare(const Prepare& p) override {
        std::vector<Piece> pieces;
        std::vector<fs::path> files;
        std::vector<Source> all;
        try {
            all = sources();
        } catch (const RunError& error) {
            throw PrepareError("regions", error.what());
        }
        double samples = 0;
        for (const auto& source : all) {
            if (const auto wrong = fault(source)) throw PrepareError("regions", *wrong);
            if (std::find(files.begin(), files.end(), source.file) != files.end()) continue;
            files.push_back(source.file);
            const auto header = read_sound_header(source.file);
            samples += static_cast<double>(header.frames) * header.channels;
        }
        const bool whole = stream.at() == 1 || (stream.at() == 0 && samples <= double{SoundStream::most_in_memory});
        if (!whole) pages = std::make_unique<SoundPages>(p.tell);
        for (const auto& file : files) {
            sounds.emplace_back();
            try {
                whole ? sounds.back().open(file, p.store, SoundStream::From::memory, p.tell)
                      : sounds.back().open(file, *pages);
            } catch (const SoundError& error) {
                throw PrepareError("regions", file.string() + " " + error.what());
            }
            if (sounds.back().header().channels > p.channels(out))
                throw PrepareError("regions",
                                   file.string() + " has changed its channels meanwhile; save the patch again");
        }
        for (const auto& source : all) {
            Piece piece;
            piece.sound = static_cast<std::size_t>(std::find(files.begin(), files.end(), source.file) - files.begin());
            const auto& header = sounds[piece.sound].header();
            const auto& one = *source.region;
            piece.from = math::floor(static_cast<double>(one.from.value()) * header.rate + 0.5);
            piece.to = one.to.value() > 0
                           ? std::min(math::floor(static_cast<double>(one.to.value()) * header.rate + 0.5),
                                      sounds[piece.sound].length())
                           : sounds[piece.sound].length();
            piece.from = std::min(piece.from, piece.to - 1);
            piece.speed = static_cast<double>(one.speed.value());
            piece.fade_seconds = one.fade.is_word() ? 0 : static_cast<double>(one.fade.value());
            piece.gain = static_cast<float>(math::amplitude(static_cast<double>(one.gain.value())));
            pieces.push_back(piece);
        }
        if (order.given())
            for (const float number : order.values()) {
                const auto at = static_cast<std::size_t>(number) - 1;
                if (at >= pieces.size())
                    throw PrepareError("order", "there is no region " + order.limits()->print(number));
                row.push_back(pieces[at]);
            }
        else
            row = std::move(pieces);
        sinc = &dsp::Sinc::table();
        if (pages) pages->begin(missing, unread);
        ask(static_cast<double>(speed.own()), p.rate);
        while (pages && pages->fill()) {
        }
    }

    double step_of(const Piece& piece, double rate) const noexcept RT_SAFE {
        return piece.speed * sounds[piece.sound].header().rate / rate;
    }
    static double entry(const Piece& piece) noexcept RT_SAFE { return piece.speed < 0 ? piece.to - 1 : piece.from; }
    void want(std::size_t index, double at, double ahead) noexcept RT_SAFE {
        const auto& piece = row[index];
        const double reach = std::clamp(ahead, 1.0, double{SoundStream::most_ahead});
        sounds[piece.sound].want(at,
                                 piece.speed < 0 ? std::max(at - reach, piece.from) : std::min(at + reach, piece.to));
    }
    // Says to the disk what is needed next: a second from where it is, through as many regions as that takes, and where
    // the hands may send it.
    void ask(double pace, double rate) noexcept RT_SAFE {
        if (!pages) return;
        for (const auto& head : heads)
            if (head.on) head.want();
        const std::size_t count = row.size();
        if (due) want(*due, entry(row[*due]), rate);
        double seconds = ahead_seconds;
        std::size_t index = playing ? heads[lead].piece : 0;
        double at = playing ? heads[lead].at : entry(row[0]);
        for (int regions_ahead = 0; regions_ahead < 16 && seconds > 0; ++regions_ahead) {
            const auto& piece = row[index];
            const double step = pace * step_of(piece, rate), frames = seconds * rate * (step < 0 ? -step : step);
            want(index, at, std::max(frames, 0.5 * SoundStream::page_frames));
            const double rest = step < 0 ? at - piece.from : piece.to - at;
            seconds -= std::max(rest, 0.0) / (step < 0 ? -step : step) / rate;
            index = (index + 1) % count;
            at = entry(row[index]);
        }
        if (playing) {
            const std::size_t now = heads[lead].piece;
            for (const std::size_t other : {now, (now + 1) % count, (now + count - 1) % count, std::size_t{0}})
                want(other, entry(row[other]), 0.5 * SoundStream::page_frames);
        }
    }
    double fade_frames(const Piece& piece, const Block& b) const noexcept RT_SAFE {
        return (piece.fade_seconds > 0 ? piece.fade_seconds : static_cast<double>(fade.value(b))) * b.rate();
    }
    // What cannot be read is passed over; nothing when nothing can.
    std::optional<std::size_t> readable(std::size_t index, bool backwards) const noexcept RT_SAFE {
        const std::size_t count = row.size();
        for (std::size_t tries = 0; tries < count; ++tries, index = (index + (backwards ? count - 1 : 1)) % count)
            if (!sounds[row[index].sound].broken()) return index;
        return std::nullopt;
    }
    // `over`: how many graph frames ago it should have begun.
    bool set_off(std::size_t index, double over, double pace, const Block& b) noexcept RT_SAFE {
        CutHead* const head = spare(heads, playing ? &heads[lead] : nullptr, b.rate());
        if (!head) return false;
        const auto& piece = row[index];
        const double step = step_of(piece, b.rate());
        const double length = (piece.to - piece.from) / (pace * (step < 0 ? -step : step));
        const double rise = std::min(fade_frames(piece, b), length);  // so that no more than a few sound at once
        if (playing) heads[lead].leave(rise);
        head->begin(sounds[piece.sound], entry(piece) + over * pace * step, rise);
        head->piece = index;
        head->step = step;
        lead = static_cast<std::size_t>(head - heads.data());
        playing = true;
        return true;
    }
    // Graph frames since the leading region ended; below zero when it has not.
    double past(double pace) const noexcept RT_SAFE {
        const auto& head = heads[lead];
        const auto& piece = row[head.piece];
        const double step = pace * head.step;
        return step < 0 ? (piece.from - 1 - head.at) / -step : (head.at - piece.to) / step;
    }
    void mend() noexcept RT_SAFE {
        for (auto& sound : sounds) sound.mend();
    }
    // True when a region begins at this frame.
    bool decide(const Block& b, int i, double pace) noexcept RT_SAFE {
        const auto fired = [&](const Trigger& trigger) { return trigger.edges(b) >> i & 1; };
        const std::size_t count = row.size();
        if (fired(start) || (fresh && autostart.value())) {
            mend();
            due = readable(0, false);
        }
        fresh = false;
        const std::size_t now = due ? *due : heads[lead].piece;
        if (playing && fired(next)) due = readable((now + 1) % count, false);
        if (playing && fired(previous)) due = readable((now + count - 1) % count, true);
        if (fired(stop)) {
            if (playing) heads[lead].leave(fade_frames({}, b));
            playing = false;
            due.reset();
        }
        if (due &&
            StreamHead::ready(sounds[row[*due].sound], entry(row[*due]), pace * step_of(row[*due], b.rate()),
                              b.rate()) &&
            set_off(*due, 0, pace, b)) {
            due.reset();
            return true;
        }
        if (!playing || past(pace) < 0) return false;
        std::size_t follows = heads[lead].piece;
        if (hold.value(b) < 0.5f) {
            follows = (follows + 1) % count;
            if (follows == 0 && loop.value(b) < 0.5f) {
                heads[lead].leave(std::min(fade_frames({}, b), 0.05 * b.rate()));
                playing = false;
                return false;
            }
        }
        const auto found = readable(follows, false);
        if (!found) {
            heads[lead].leave(StreamHead::hurried_seconds * b.rate());
            playing = false;
            return false;
        }
        return set_off(*found, past(pace), pace, b);
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const Ramp pace = speed.ramp(b);
        const double rate = b.rate();
        if (pages) pages->begin(missing, unread);
        for (auto& head : heads)
            if (head.on) head.look(head.ready(static_cast<double>(pace.to) * head.step, rate));
        ask(static_cast<double>(pace.to), rate);
        const float cover_step = static_cast<float>(1 / (StreamHead::hurried_seconds * rate));
        const int channels = out.channels(b);
        const auto begins = began.write(b, 0);
        for (int i = 0; i < block_frames; ++i) {
            const auto at = static_cast<std::size_t>(i);
            const auto now = static_cast<double>(pace[i]);
            begins[at] = decide(b, i, now) ? 1.0f : 0.0f;
            std::array<float, max_channels> sum{};
            for (auto& head : heads) {
                if (!head.on) continue;
                std::array<float, max_channels> frame{};
                head.add(now * head.step, law.share(head.level) * row[head.piece].gain, *sinc, taps, frame);
                spread(frame, head.sound->header().channels, channels);
                for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) sum[c] += frame[c];
                head.advance(now * head.step, cover_step);
            }
            for (int c = 0; c < channels; ++c) out.write(b, c)[at] = sum[static_cast<std::size_t>(c)];
        }
        amplify(b, out, gain);
        region.set(playing ? static_cast<float>(heads[lead].piece + 1) : 0.0f);
        late.set(pages ? static_cast<float>(pages->misses()) : 0.0f);
    }
    void reset() noexcept RT_SAFE override {
        heads.fill({});
        playing = false;
        fresh = true;
        due.reset();
        mend();
    }
};

}  // namespace

extern const NodeType cut_node{"cut", "Plays regions of sounds and takes in a row, each faded into the next.",
                               make_node<Cut>};

}  // namespace legume

// Records what it hears to a sound file, behind the back of the audio thread.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>
#include <string>

#include "graph/base/ring.h"
#include "graph/node.h"
#include "graph/reads.h"
#include "nodes/sound/sound_file.h"
#include "nodes/sound/tracks.h"

namespace legume {
namespace {

struct Recorder final : Node, Reads {
    In in{this, "in", "Sound to record, with all its channels."};
    In more[7] = {{this, "in_2", "Another sound, recorded beside the first on channels of its own."},
                  {this, "in_3", "A third sound."},
                  {this, "in_4", "A fourth sound."},
                  {this, "in_5", "A fifth sound."},
                  {this, "in_6", "A sixth sound."},
                  {this, "in_7", "A seventh sound."},
                  {this, "in_8", "An eighth sound."}};
    FileOption file{this, "file", Required{},
                    "The file to record to, .wav or .flac; what is there is kept, and the next "
                    "take is called NAME-2, NAME-3 and so on."};
    FlagOption autostart{this, "autostart", true, "Records from the first moment on, without waiting for start."};
    FlagOption stems{this, "stems", false, "Each sound goes to a file of its own: NAME-stem1, NAME-stem2 and so on."};
    NumberOption keep{this,
                      "keep",
                      {.min = 0, .max = 3'600, .initial = 0, .unit = Unit::seconds},
                      "Remembers so much of what it heard, in memory, also while it does not record: see save."};
    Trigger start{this, "start", "Begins a new take."};
    Trigger stop{this, "stop", "Ends the take and closes its file."};
    Trigger save{this, "save", "You already recorded it: writes what keep remembers, up to now, as a take of its own."};
    Meter seconds{this, "seconds", Unit::seconds, "How long the take is so far."};
    Meter lost{this, "lost", Unit::count, "Frames that the disk was too slow for."};
    Work writer{this, "writer", Work::Pool::io, [this] { return drain(); }, "Writes to the disk."};

    // Where in the stream of frames something happens. Posted before any frame that follows it.
    struct Edge {
        enum class Kind { end, begin, save };
        std::uint64_t frame = 0;
        Kind kind = Kind::end;
    };
    static constexpr double held_seconds = 12;            // while the disk is busy
    static constexpr double most_memory = 4'000'000'000;  // bytes that keep may take

    Ring<float> sound;
    Ring<Edge> edges;
    // Audio thread.
    std::uint64_t posted = 0, dropped = 0, began = 0;
    bool recording = false, fresh = true;
    // Worker.
    std::uint64_t taken = 0;
    std::optional<Edge> next;
    std::optional<Take> take, saved;
    std::vector<float> piece, kept;  // `kept` is a ring: frame f of the stream lies at f % kept_frames
    std::uint64_t kept_frames = 0, keep_frames = 0, save_from = 0, save_to = 0;
    // Before the first block.
    std::vector<Track> sources, tracks;
    std::size_t width = 1;
    double rate = 48'000;
    std::function<void(std::string)> tell;

    ~Recorder() override {
        while (drain()) {
        }
        close(take);
    }
    const In& source(std::size_t i) const noexcept RT_SAFE { return i == 0 ? in : more[i - 1]; }
    std::vector<std::filesystem::path> reads(const Option&) const override { return {}; }  // it writes
    void check(const Checking& checking) const override {
        try {
            sound_format(file.path());
        } catch (const SoundError& error) {
            checking.problem(file, file.path().string() + " " + error.what());
        }
    }
    void prepare(const Prepare& p) override {
        rate = p.rate;
        tell = p.tell;
        width = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            const int channels = std::max(p.channels(source(i)), i == 0 && !stems.value() ? 1 : 0);
            sources.push_back({width, static_cast<std::size_t>(channels)});
            width += sources.back().width;
        }
        if (width == 0) width = sources[0].width = 1;
        const bool too_many = width > max_channels;
        if (too_many && !stems.value())
            tell("all that is wired here has " + std::to_string(width) +
                 " channels, and a file holds 16; each sound goes to a file of its own");
        if (stems.value() || too_many)
            std::copy_if(sources.begin(), sources.end(), std::back_inserter(tracks), [](auto& t) { return t.width; });
        else
            tracks = {{0, width}};
        try {  // to say now, not after the first minute, that it cannot be written
            Take(file.path(), rate, tracks);
        } catch (const SoundError& error) {
            throw PrepareError("file", file.path().string() + " " + error.what());
        }
        remember();
        sound.resize(static_cast<std::size_t>(held_seconds * rate) * width);
        edges.resize(256);
        piece.resize(4096 * width);
    }
    void remember() {
        const double frame_bytes = static_cast<double>(width * sizeof(float));
        keep_frames = static_cast<std::uint64_t>(static_cast<double>(keep.value()) * rate);
        if (keep_frames == 0) return;
        if (static_cast<double>(keep_frames) * frame_bytes > most_memory)
            throw PrepareError("keep", "keep: that would take more than 4 GB of memory; keep at most " +
                                           std::to_string(static_cast<int>(most_memory / frame_bytes / rate)) + " s");
        kept_frames = keep_frames + static_cast<std::uint64_t>(held_seconds * rate);  // what comes while it is saved
        kept.resize(static_cast<std::size_t>(kept_frames) * width);
    }

    void process(const Block& b) noexcept RT_SAFE override {
        float frames[8 * max_channels * block_frames];
        std::size_t count = 0;
        const bool room = sound.writable() >= width * block_frames;
        const std::uint64_t starts = start.edges(b), stops = stop.edges(b), saves = save.edges(b);
        for (int i = 0; i < block_frames; ++i) {
            if (fresh || (stops >> i & 1)) mark(Edge::Kind::end, posted + count);
            if ((fresh && autostart.value()) || (starts >> i & 1)) mark(Edge::Kind::begin, posted + count);
            if (saves >> i & 1) mark(Edge::Kind::save, posted + count);
            fresh = false;
            if (!recording && keep_frames == 0) continue;
            if (room) {
                float* const frame = frames + count * width;
                for (std::size_t k = 0; k < sources.size(); ++k)
                    for (std::size_t c = 0; c < sources[k].width; ++c)
                        frame[sources[k].first + c] =
                            source(k).read(b, static_cast<int>(c))[static_cast<std::size_t>(i)];
                ++count;
            } else {
                ++dropped;
            }
        }
        sound.write({frames, count * width});
        posted += count;
        if (recording) seconds.set(static_cast<float>(static_cast<double>(posted - began) / rate));
        lost.set(static_cast<float>(dropped));
    }
    void mark(Edge::Kind kind, std::uint64_t frame) noexcept RT_SAFE {
        if (kind == Edge::Kind::end && !recording) return;
        if (!edges.push({frame, kind}) || kind == Edge::Kind::save) return;
        recording = kind == Edge::Kind::begin;
        began = frame;
    }
    void reset() noexcept RT_SAFE override { fresh = true; }  // ends the take; begins another when it would at first

    // One piece of the stream, up to the next edge, and one of what is being saved.
    bool drain() {
        if (piece.empty()) return false;  // never prepared
        const bool saving = saved && save_piece();
        std::size_t ready = sound.readable() / width;  // read before the edges, so that none of its edges is missing
        if (!next) {
            Edge edge;
            if (edges.pop(edge)) next = edge;
        }
        if (next && next->frame == taken) {
            if (next->kind == Edge::Kind::save && saved) return true;  // one after the other
            meet(next->kind);
            next.reset();
            return true;
        }
        ready = std::min(ready, piece.size() / width);
        if (next) ready = static_cast<std::size_t>(std::min<std::uint64_t>(ready, next->frame - taken));
        if (ready == 0) return saving;
        const std::span<float> frames(piece.data(), ready * width);
        sound.read(frames);
        if (kept_frames)
            for (std::size_t i = 0; i < ready; ++i)
                std::copy_n(frames.data() + i * width, width, kept.data() + (taken + i) % kept_frames * width);
        taken += ready;
        if (take) guard(take, [&] { take->write(frames, width); });
        return true;
    }
    void meet(Edge::Kind kind) {
        if (kind == Edge::Kind::save) {
            if (keep_frames == 0) return tell("save: nothing is kept; give the recorder keep: 5 min");
            save_to = taken;
            save_from = taken - std::min(taken, keep_frames);
            return open(saved);
        }
        close(take);
        if (kind == Edge::Kind::begin) open(take);
    }
    // Says whether there is more of it.
    bool save_piece() {
        if (taken > save_from + kept_frames) {
            tell("the disk was too slow to save all that was kept; what is lost is its beginning");
            save_from = taken - kept_frames;
        }
        const std::uint64_t at = save_from % kept_frames;
        const auto frames = std::min({std::uint64_t{16'384}, save_to - save_from, kept_frames - at});
        guard(saved, [&] {
            saved->write({kept.data() + at * width, static_cast<std::size_t>(frames) * width}, width);
        });
        save_from += frames;
        if (save_from == save_to) close(saved);
        return saved.has_value();
    }
    // Whatever fails is said once, ends the take and keeps what is written of it; playing goes on.
    template <class Action>
    void guard(std::optional<Take>& which, Action action) {
        try {
            action();
        } catch (const SoundError& error) {
            tell((which ? which->path() : file.path()).string() + " " + error.what() + "; this take ends here");
            try {
                if (which) which->finish();
            } catch (const SoundError&) {  // the first reason is the one to know
            }
            which.reset();
        }
    }
    void open(std::optional<Take>& which) {
        guard(which, [&] { which.emplace(file.path(), rate, tracks); });
    }
    void close(std::optional<Take>& which) {
        if (!which) return;
        guard(which, [&] { which->finish(); });
        if (which) tell("recorded " + which->path().string());
        which.reset();
    }
};

}  // namespace

extern const NodeType recorder_node{"recorder", "Records what it hears to sound files, also what you have just heard.",
                                    make_node<Recorder>};

}  // namespace legume

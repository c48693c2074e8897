// Records what it hears to a sound file, behind the back of the audio thread.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>
#include <string>
#include <system_error>

#include "graph/node.h"
#include "graph/ring.h"
#include "nodes/sound_file.h"

namespace legume {
namespace {

namespace fs = std::filesystem;

struct Recorder final : Node {
    In in{this, "in", "Sound to record, with all its channels."};
    FileOption file{this, "file", Required{},
                    "The file to record to, .wav or .flac; what is there is kept, and the next "
                    "take is called NAME-2, NAME-3 and so on."};
    FlagOption autostart{this, "autostart", true, "Records from the first moment on, without waiting for start."};
    Trigger start{this, "start", "Begins a new take."};
    Trigger stop{this, "stop", "Ends the take and closes its file."};
    Meter seconds{this, "seconds", Unit::seconds, "How long the take is so far."};
    Meter lost{this, "lost", Unit::count, "Frames that the disk was too slow for."};
    Work writer{this, "writer", Work::Pool::io, [this] { return drain(); }, "Writes to the disk."};

    // Where in the stream of recorded frames a take begins or ends. Posted before any frame that follows it.
    struct Edge {
        std::uint64_t frame = 0;
        bool begins = false;
    };
    static constexpr double held_seconds = 12;  // while the disk is busy

    Ring<float> sound;
    Ring<Edge> edges;
    // Audio thread.
    std::uint64_t posted = 0, dropped = 0, began = 0;
    bool recording = false, fresh = true;
    // Worker.
    std::uint64_t taken = 0;
    std::optional<Edge> next;
    std::optional<SoundWriter> take;
    fs::path take_path;
    std::vector<float> piece;
    // Before the first block.
    std::size_t width = 1;
    double rate = 48'000;
    std::function<void(std::string)> tell;

    ~Recorder() override {
        while (drain()) {
        }
        close();
    }
    void check(const Checking& checking) const override {
        try {
            sound_format(file.path());
        } catch (const SoundError& error) {
            checking.problem(file, file.path().string() + " " + error.what());
        }
    }
    void prepare(const Prepare& p) override {
        width = static_cast<std::size_t>(std::max(p.channels(in), 1));
        rate = p.rate;
        tell = p.tell;
        try {  // to say now, not after the first minute, that it cannot be written
            SoundWriter(file.path(), rate, static_cast<int>(width), sound_format(file.path()));
        } catch (const SoundError& error) {
            throw Refusal("file", file.path().string() + " " + error.what());
        }
        sound.resize(static_cast<std::size_t>(held_seconds * rate) * width);
        edges.resize(256);
        piece.resize(4096 * width);
    }

    void process(const Block& b) noexcept RT_SAFE override {
        float frames[max_channels * block_frames];
        std::size_t count = 0;
        const bool room = sound.writable() >= width * block_frames;
        const std::uint64_t starts = start.edges(b), stops = stop.edges(b);
        for (int i = 0; i < block_frames; ++i) {
            if (fresh || (stops >> i & 1)) mark(false, posted + count);
            if ((fresh && autostart.value()) || (starts >> i & 1)) mark(true, posted + count);
            fresh = false;
            if (!recording) continue;
            if (room) {
                for (std::size_t c = 0; c < width; ++c) frames[count * width + c] = in.read(b, static_cast<int>(c))[i];
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
    void mark(bool begins, std::uint64_t frame) noexcept RT_SAFE {
        if (!begins && !recording) return;
        if (!edges.push({frame, begins})) return;
        recording = begins;
        began = frame;
    }
    void reset() noexcept RT_SAFE override { fresh = true; }  // ends the take; begins another when it would at first

    // One piece of the stream, up to the next edge.
    bool drain() {
        if (piece.empty()) return false;               // never prepared
        std::size_t ready = sound.readable() / width;  // read before the edges, so that none of its edges is missing
        if (!next) {
            Edge edge;
            if (edges.pop(edge)) next = edge;
        }
        if (next && next->frame == taken) {
            close();
            if (next->begins) open();
            next.reset();
            return true;
        }
        ready = std::min(ready, piece.size() / width);
        if (next) ready = static_cast<std::size_t>(std::min<std::uint64_t>(ready, next->frame - taken));
        if (ready == 0) return false;
        const std::span<float> frames(piece.data(), ready * width);
        sound.read(frames);
        taken += ready;
        if (take) guard([&] { take->write(frames); });
        return true;
    }
    // Whatever fails is said once, ends the take and keeps what is written of it; playing goes on.
    template <class Action>
    void guard(Action action) {
        try {
            action();
        } catch (const SoundError& error) {
            tell(take_path.string() + " " + error.what() + "; this take ends here");
            try {
                if (take) take->finish();
            } catch (const SoundError&) {  // the first reason is the one to know
            }
            take.reset();
        }
    }
    void open() {
        take_path = file.path();
        std::error_code error;
        for (int n = 2; fs::exists(take_path, error); ++n) {
            take_path = file.path();
            take_path.replace_filename(file.path().stem().string() + "-" + std::to_string(n) +
                                       file.path().extension().string());
        }
        guard([&] { take.emplace(take_path, rate, static_cast<int>(width), sound_format(take_path)); });
    }
    void close() {
        if (!take) return;
        guard([&] { take->finish(); });
        if (take) tell("recorded " + take_path.string());
        take.reset();
    }
};

}  // namespace

extern const NodeType recorder_node{"recorder", "Records what it hears to a sound file.", make_node<Recorder>};

}  // namespace legume

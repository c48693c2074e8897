// Plays a SampleRNN live, a fixed distance behind its control, so that live, render and replay agree to the byte.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

#include "graph/ring.h"
#include "nodes/dsp/random.h"
#include "nodes/dsp/resampler.h"
#include "nodes/level.h"
#include "nodes/samplernn/cover.h"
#include "nodes/samplernn/generator.h"

namespace legume {
namespace {

// What the audio thread heard in one block. Counts and not edges, so that a record that found no room loses nothing.
struct Record {
    std::uint64_t life = 0, block = 0;
    float temperature = 1;
    std::uint64_t resets = 0, reseeds = 0;
};

// A block of sound on its way to the audio thread.
struct Piece {
    std::uint64_t life = 0, block = 0;
    std::array<float, block_frames> frames{};
};

struct SampleRnn final : Node {
    FileOption model{this, "model", Required{},
                     "The checkpoint to play, or a folder of them, which means the one with the highest step."};
    NumberOption seed{
        this, "seed", {.min = 0, .max = 1e6f, .initial = 0, .unit = Unit::count}, "Another seed is another take."};
    NumberOption ahead{
        this,
        "ahead",
        {.min = 0.002f, .max = 0.5f, .initial = 0.02f, .unit = Unit::seconds},
        "How far the network plays ahead: the time from a knob to its sound, and what it may fall behind."};
    Out out{this, "out", "The network's voice."};
    Param temperature{
        this,
        "temperature",
        {.min = 0, .max = 2, .initial = 1},
        "How daring it is: low repeats what it knows best, 1 is as it learned, high falls apart into noise."};
    Param gain{this, "gain", gain_range, "How loud it is, at once and not after `ahead`."};
    Trigger restart{this, "reset", "Begins its take again, from the silence before its first sample."};
    Trigger reseed{this, "reseed", "Goes on with other dice, into another take."};
    Meter covering{this, "covering", Unit::none,
                   "Share of the last second that repeats grains, because it fell behind."};
    Meter speed{this, "speed", Unit::none, "How many times faster than sound it is made."};
    Work generate{this, "generate", Work::Pool::generate, [this] { return work(); }, "Makes sound ahead of time."};

    // Before the first block.
    std::uint64_t distance = 1;  // `ahead` in blocks
    int latency = 0;
    double rate = 48'000;
    std::uint64_t own_seed = 0;
    float first_temperature = 1;
    std::vector<float> opening;  // blocks 0 to distance - 1, made before there is any record; never changes

    // Audio thread.
    Record now;
    Piece piece;
    bool holding = false, behind = false;
    samplernn::Cover cover;
    float share = 0;

    Ring<Record> records;
    Ring<Piece> pieces;

    // Worker.
    std::optional<samplernn::Generator> generator;
    std::optional<dsp::Resampler> resampler;
    std::optional<Record> hand;  // taken, but not heeded yet
    Record done;                 // the last one that was heeded
    std::uint64_t to_drop = 0;   // blocks of the opening still to be lived through again
    float sample = 0, jump = 0, jump_decay = 0;
    bool cut = false;      // the next sample stands where a take was cut off
    bool waiting = false;  // the resampler has not taken `sample` yet
    double made_seconds = 0, spent_seconds = 0;

    void check(const Checking& checking) const override {
        try {
            samplernn::read_config(samplernn::find_checkpoint(model.path()));
        } catch (const samplernn::ModelError& error) {
            checking.problem(model, error.what());
        }
    }

    void prepare(const Prepare& p) override {
        try {
            const auto file = samplernn::find_checkpoint(model.path());
            std::error_code none;
            const auto written = std::filesystem::last_write_time(file, none).time_since_epoch().count();
            const auto key = file.lexically_normal().string() + "\n" +
                             std::to_string(std::filesystem::file_size(file, none)) + "\n" + std::to_string(written);
            own_seed = dsp::random_bits(p.seed, static_cast<std::uint64_t>(seed.count()), 0);
            generator.emplace(
                p.store.get<samplernn::Model>(
                    key, [&] { return std::make_shared<const samplernn::Model>(samplernn::read_checkpoint(file)); }),
                own_seed);
            const double from = generator->state().model().config.sample_rate;
            if (from != p.rate) resampler.emplace(from, p.rate, 1, dsp::Resampler::Quality::medium);
        } catch (const samplernn::ModelError& error) {
            throw Refusal("model", error.what());
        } catch (const std::invalid_argument&) {
            throw Refusal("model", model.path().string() + " has a sample rate too far from the device's");
        }
        rate = p.rate;
        const double blocks = ahead.value() * rate / block_frames;
        distance = static_cast<std::uint64_t>(std::max(-math::floor(-blocks + 1e-6), 1.0));
        records.resize(2 * distance + 64);
        pieces.resize(2 * distance + 2);
        cover.prepare(static_cast<std::size_t>(0.5 * rate));
        jump_decay = static_cast<float>(1 - 1 / (0.002 * generator->state().model().config.sample_rate));
        first_temperature = temperature.own();
        opening.resize(distance * block_frames);
        for (std::uint64_t block = 0; block < distance; ++block)
            make(&opening[block * block_frames], first_temperature);
        latency = static_cast<int>(opening.size()) + filter_frames();
    }
    // How long the resampler keeps a sample before it is heard.
    int filter_frames() {
        const double drawn = static_cast<double>(generator->drawn());
        const double ratio = rate / generator->state().model().config.sample_rate;
        return std::max(0, static_cast<int>(drawn * ratio - static_cast<double>(opening.size())));
    }
    int latency_frames() const override { return latency; }
    bool portable() const override { return false; }  // libsamplerate

    // ---- audio thread

    void process(const Block& b) noexcept RT_SAFE override {
        now.temperature = temperature.value(b);
        if (restart.fired(b)) ++now.resets;
        if (reseed.fired(b)) ++now.reseeds;
        records.push(now);

        const float* fresh = arrived();
        if (!fresh && !behind) cover.begin();
        const bool repeats = !fresh || behind;
        const Ramp level = amplitude(gain.ramp(b)), mend{0, 1};
        const auto y = out.write(b, 0);
        for (int i = 0; i < block_frames; ++i) {
            float x = repeats ? cover.next() : fresh[i];
            if (repeats && fresh) x += (fresh[i] - x) * mend[i];
            cover.hear(x);
            y[i] = x * level[i];
        }
        behind = !fresh;
        ++now.block;
        share += ((behind ? 1.0f : 0.0f) - share) * std::min(1.0f, static_cast<float>(block_frames / rate));
        covering.set(share > 1e-4f ? share : 0.0f);
    }
    // This block's frames, or nothing when they are not made yet.
    const float* arrived() noexcept RT_SAFE {
        if (now.block < distance) return &opening[now.block * block_frames];
        while (holding || pieces.pop(piece)) {
            holding = true;
            if (piece.life == now.life && piece.block > now.block) return nullptr;
            holding = false;
            if (piece.life == now.life && piece.block == now.block) return piece.frames.data();
        }
        return nullptr;
    }
    // The next life begins with the same opening, while the worker lives through it again.
    void reset() noexcept RT_SAFE override {
        now = {.life = now.life + 1};
        behind = false;
        share = 0;
        cover.reset();
        covering.set(0);
    }

    // ---- worker: one block at a time

    bool work() {
        if (!generator || pieces.writable() == 0) return false;
        if (!hand) {
            Record record;
            if (!records.pop(record)) return false;
            // Once a block's time has passed, all that waits is let go but the newest: with the whole of `ahead` won
            // back, what follows is a stretch of fresh sound and not a stutter.
            if (records.readable() >= distance)
                while (records.pop(record)) {
                }
            hand = record;
        }
        if (hand->life != done.life) begin_life();
        Piece next;
        if (to_drop > 0) {
            --to_drop;
            make(next.frames.data(), first_temperature);
            return true;
        }
        const Record record = *hand;
        hand.reset();
        if (record.resets != done.resets) begin_take();
        if (record.reseeds != done.reseeds) generator->reseed(dsp::random_bits(own_seed, 1, record.reseeds));
        done = record;
        next.life = record.life;
        next.block = record.block + distance;
        make(next.frames.data(), record.temperature);
        pieces.push(next);
        return true;
    }
    void begin_life() noexcept {
        generator->restart();
        generator->reseed(own_seed);
        if (resampler) resampler->reset();
        sample = jump = 0;
        cut = waiting = false;
        done = {.life = hand->life};
        to_drop = distance;
    }
    void begin_take() noexcept {
        generator->restart();
        cut = true;
    }
    void make(float* into, float heat) noexcept {
        const auto began = std::chrono::steady_clock::now();
        std::size_t made = 0;
        while (made < block_frames) {
            if (!waiting) sample = next_sample(heat);
            std::size_t used = 1, given = 1;
            if (resampler) {
                const auto moved = resampler->process({&sample, 1}, {into + made, block_frames - made});
                used = moved.used;
                given = moved.made;
                if (used + given == 0) break;  // it failed; what is left of the block is silent
            } else {
                into[made] = sample;
            }
            waiting = used == 0;
            made += given;
        }
        made_seconds += block_frames / rate;
        spent_seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        if (made_seconds < 0.25) return;
        speed.set(static_cast<float>(made_seconds / std::max(spent_seconds, 1e-9)));
        made_seconds = spent_seconds = 0;
    }
    // Where a take is cut off, the step to the next one's first sample dies away within some milliseconds.
    float next_sample(float heat) noexcept {
        const float x = generator->next(heat);
        if (cut) jump = sample - x;
        cut = false;
        jump *= jump_decay;
        return x + jump;
    }
};

}  // namespace

extern const NodeType samplernn_node{"samplernn", "Plays a SampleRNN network live, under a temperature.",
                                     make_node<SampleRnn>};

}  // namespace legume

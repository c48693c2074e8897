// Plays a SampleRNN live, a fixed distance behind its control, so that live, render and replay agree to the byte.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

#include "graph/denormals.h"
#include "graph/ring.h"
#include "nodes/dsp/random.h"
#include "nodes/level.h"
#include "nodes/samplernn/cover.h"
#include "nodes/samplernn/shared.h"
#include "nodes/samplernn/speed.h"
#include "nodes/samplernn/stream.h"
#include "nodes/samplernn/take.h"
#include "nodes/samplernn/takes.h"

namespace legume {
namespace {

using samplernn::Chance;
using samplernn::Precision;

using Chances = std::array<Chance, max_channels>;  // of each voice

// What the audio thread heard in one block. Counts and not edges, so that a record that found no room loses nothing.
struct Record {
    std::uint64_t life = 0, block = 0;
    Chances chances{};
    std::uint64_t resets = 0, reseeds = 0;
};

// A block of sound on its way to the audio thread; its frames travel beside it.
struct Piece {
    std::uint64_t life = 0, block = 0;
};

struct SampleRnn final : Node {
    FileOption model{this, "model", Required{},
                     "The checkpoint to play, or a folder of them, which means the one with the highest step."};
    FileOption from{this, "from",
                    "A take that `legume takes` made with this model: it goes on from its last sample, with its seed "
                    "and voice; reset begins that take again."};
    NumberOption seed{
        this, "seed", {.min = 0, .max = 1e6f, .initial = 0, .unit = Unit::count}, "Another seed is another take."};
    NumberOption voices{this,
                        "voices",
                        {.min = 1, .max = max_channels, .initial = 1, .unit = Unit::count},
                        "How many play at once, each its own take on a channel of its own."};
    ChoiceOption precision{this,
                           "precision",
                           {"auto", "fp32", "int8", "int4"},
                           "How finely it computes: int8 and int4 are faster, auto takes int8 where it was measured to "
                           "sound the same."};
    NumberOption cores{this,
                       "cores",
                       {.min = 1, .max = 2, .initial = 1, .unit = Unit::count},
                       "How many of the processor's cores it may use; a second one helps large networks, where it is "
                       "free."};
    NumberOption ahead{
        this,
        "ahead",
        {.min = 0.002f, .max = 0.5f, .initial = 0.02f, .unit = Unit::seconds},
        "How far the network plays ahead: the time from a knob to its sound, and what it may fall behind."};
    ChoiceOption when_slow{this,
                           "when_slow",
                           {"slow", "takes", "refuse"},
                           "What a machine that is too slow for it plays: the network lower and longer, the takes of "
                           "its training, or nothing."};
    Out out{this, "out", "The network, each voice on a channel."};
    Param temperature{
        this,
        "temperature",
        {.min = 0, .max = 2, .initial = 1},
        "How daring it is: low repeats what it knows best, 1 is as it learned, high falls apart into noise."};
    Param top_p{
        this,
        "top_p",
        {.min = 0.01f, .max = 1, .initial = 1},
        "Only the likeliest samples that together have this share of all chance may come: below 1 the rarest go."};
    Param top_k{this,
                "top_k",
                {.min = 1, .max = samplernn::max_levels, .initial = samplernn::max_levels, .unit = Unit::count},
                "Only so many of the likeliest samples may come: 1 is like temperature 0."};
    Param loudness{this,
                   "loudness",
                   {.min = -1, .max = 1},
                   "Leans each sample towards silence, below 0, or away from it: the network thins out, or swells and "
                   "breaks up."};
    Param gain{this, "gain", gain_range, "How loud it is, at once and not after `ahead`."};
    Trigger restart{this, "reset", "Begins its take again, from the silence before its first sample."};
    Trigger reseed{this, "reseed", "Goes on with other dice, into another take."};
    Meter covering{this, "covering", Unit::none,
                   "Share of the last second that repeats grains, because it fell behind."};
    Meter entropy{this, "entropy", Unit::none,
                  "How unsure the first voice is of its next sample, in bits: low for tones, high for noise."};
    Meter speed{this, "speed", Unit::none, "How many times faster than sound it is made."};
    Work generate{this, "generate", Work::Pool::generate, [this] { return work(); }, "Makes sound ahead of time."};

    // Before the first block.
    std::size_t width = 1;       // voices
    std::uint64_t distance = 1;  // `ahead` in blocks
    int latency = 0;
    double rate = 48'000;
    std::uint64_t own_seed = 0;
    Chances first_chances{};
    std::vector<float> opening;  // blocks 0 to distance - 1, made before there is any record; never changes
    Pace found;
    std::shared_ptr<const samplernn::Speed> measured;  // held, so that a node that takes over finds the same
    std::shared_ptr<const samplernn::Takes> takes;     // when they are played and not the network

    // Audio thread.
    Record now;
    Piece piece;
    std::vector<float> piece_frames;  // interleaved, like all frames here
    bool holding = false, behind = false;
    samplernn::Cover cover;
    float share = 0;
    std::size_t played = 0;  // frames of the takes

    Ring<Record> records;
    Ring<Piece> pieces;
    Ring<float> frames;  // of the pieces, written before them

    // Worker.
    std::optional<samplernn::Stream> stream;
    std::vector<float> fresh_frames;
    std::optional<Record> hand;  // taken, but not heeded yet
    Record done;                 // the last one that was heeded
    std::uint64_t to_drop = 0;   // blocks of the opening still to be lived through again
    double made_seconds = 0, spent_seconds = 0, unsure = 0;

    // Of what the params say, each read by `value`.
    template <class Value>
    Chance chance_of(Value value) const {
        Chance chance(value(temperature));
        chance.top_p = value(top_p);
        chance.top_k = static_cast<int>(math::round_even(value(top_k)));
        chance.loudness = value(loudness);
        return chance;
    }
    int channels_of(const Out&, int) const override { return voices.count(); }
    void check(const Checking& checking) const override {
        try {
            samplernn::read_config(samplernn::find_checkpoint(model.path()));
        } catch (const samplernn::ModelError& error) {
            checking.problem(model, error.what());
        }
        if (!from.given()) return;
        if (std::error_code none; !std::filesystem::exists(from.path(), none))
            checking.problem(from, from.path().string() + " does not exist; name a take, takes/....flac");
        else if (!samplernn::parse_recipe(read_sound_comment(from.path())))
            checking.problem(
                from, from.path().string() + " carries no recipe of a take; `legume takes` writes takes that do");
        if (voices.count() > 1)
            checking.problem(voices, "voices is " + std::to_string(voices.count()) +
                                         ", and from goes on with one take; remove one of them");
        if (seed.given()) checking.problem(seed, "from goes on with the seed of its take; remove one of them");
    }

    void prepare(const Prepare& p) override {
        const NoDenormals no_denormals;
        rate = p.rate;
        width = static_cast<std::size_t>(voices.count());
        own_seed = dsp::random_bits(p.seed, static_cast<std::uint64_t>(seed.count()), 0);
        try {
            const auto file = samplernn::find_checkpoint(model.path());
            const auto take = taken(file);
            const auto network = samplernn::shared_model(p.store, file, wanted(file, take));
            double pitch = network->config.sample_rate;
            if (p.live) pitch *= admit(p, network, file);
            if (take) own_seed = take->recipe.seed;
            stream.emplace(network, own_seed, voices.count(), cores.count(), pitch, rate);
            if (take) go_on(p, *network, *take);
        } catch (const samplernn::ModelError& error) {
            throw Refusal("model", error.what());
        } catch (const std::invalid_argument&) {
            throw Refusal("model",
                          model.path().string() +
                              (found.short_of.empty()
                                   ? " has a sample rate too far from the device's"
                                   : " is " + found.short_of + ", too low to be heard; what helps: " + found.help));
        }
        if (takes) return;
        const double blocks = ahead.value() * rate / block_frames;
        distance = static_cast<std::uint64_t>(std::max(-math::floor(-blocks + 1e-6), 1.0));
        records.resize(2 * distance + 64);
        pieces.resize(2 * distance + 2);
        frames.resize(pieces.capacity() * width * block_frames);
        piece_frames.resize(width * block_frames);
        fresh_frames.resize(width * block_frames);
        cover.prepare(static_cast<std::size_t>(0.5 * rate), width);
        first_chances.fill(chance_of([](const Param& param) { return param.own(); }));
        opening.resize(distance * width * block_frames);
        for (std::uint64_t block = 0; block < distance; ++block) make(first_chances, opening_of(block));
        latency = static_cast<int>(distance) * block_frames + stream->kept_frames();
    }
    std::optional<samplernn::Take> taken(const std::filesystem::path& file) const {
        if (!from.given()) return {};
        try {
            return samplernn::read_take(from.path(), samplernn::read_config(file), samplernn::checkpoint_hash(file));
        } catch (const samplernn::ModelError& error) {
            throw Refusal("from", error.what());
        }
    }
    void go_on(const Prepare& p, const samplernn::Model& network, const samplernn::Take& take) {
        stream->go_on(take.recipe.voice, take.levels);
        const double seconds = static_cast<double>(take.levels.size()) / network.config.sample_rate;
        p.tell("goes on after " + print_number(math::round_even(10 * seconds) / 10) + " s of " +
               from.path().filename().string() +
               (temperature.own() == take.recipe.temperature
                    ? ""
                    : ", which was made at temperature " + print_number(static_cast<double>(take.recipe.temperature))));
    }
    Precision wanted(const std::filesystem::path& file, const std::optional<samplernn::Take>& take) const {
        switch (precision.at()) {
            case 1: return Precision::fp32;
            case 2: return Precision::int8;
            case 3: return Precision::int4;
            default: return take ? take->recipe.precision : samplernn::read_config(file).precision();
        }
    }
    // Whether this machine keeps up, and what is played when it does not. Gives the share of its rate that the network
    // is played at.
    double admit(const Prepare& p, const std::shared_ptr<const samplernn::Model>& network,
                 const std::filesystem::path& file) {
        measured = samplernn::shared_speed(p.store, network, voices.count(), cores.count());
        const double times = measured->real_time(*network);
        const int down = samplernn::semitones_down(times);
        found = {samplernn::speed_line(*measured, *network, voices.count(), cores.count()), "",
                 samplernn::speed_help(*network, voices.count()), 1 / times};
        if (down == 0) return 1;
        const auto missing = "too slow for this machine, where " + print_number(pace_needed) + " x is needed";
        if (when_slow.value() == "refuse")
            throw Refusal("when_slow", found.speed + ": " + missing + "; what helps: " + found.help +
                                           ", or when_slow: slow, which plays it lower");
        if (when_slow.value() == "takes") {
            try {
                takes = p.store.get<samplernn::Takes>(file.string() + "\n" + print_number(rate), [&] {
                    return std::make_shared<const samplernn::Takes>(samplernn::read_takes(file, rate));
                });
            } catch (const samplernn::ModelError& error) {
                throw Refusal("when_slow", found.speed + ": " + missing + "; and " + error.what());
            }
            found.short_of = missing + ": plays " + std::to_string(takes->starts.size()) +
                             " of the takes of its training; temperature, reset and reseed do nothing";
            found.load = 0;
            return 1;
        }
        const double part = math::exp2(-down / 12.0);
        found.short_of = missing + ": plays " + std::to_string(down) + (down == 1 ? " semitone" : " semitones") +
                         " lower and " + print_number(math::round_even(10 / part) / 10) + " times as long";
        found.load *= part;
        return part;
    }
    int latency_frames() const override { return latency; }
    Pace pace() const override { return found; }
    bool portable() const override { return false; }  // libsamplerate

    // ---- audio thread

    void process(const Block& b) noexcept RT_SAFE override {
        if (takes)
            play_takes(b);
        else
            play_network(b);
        for (int v = 0; v < voices.count(); ++v) {
            const Ramp level = amplitude(gain.ramp(b, v));
            const auto y = out.write(b, v);
            for (int i = 0; i < block_frames; ++i) y[i] *= level[i];
        }
    }
    void play_network(const Block& b) noexcept RT_SAFE {
        for (std::size_t v = 0; v < width; ++v)
            now.chances[v] = chance_of([&](const Param& param) { return param.value(b, static_cast<int>(v)); });
        if (restart.fired(b)) ++now.resets;
        if (reseed.fired(b)) ++now.reseeds;
        records.push(now);

        const float* fresh = arrived();
        if (!fresh && !behind) cover.begin();
        const bool repeats = !fresh || behind;
        const Ramp mend{0, 1};
        for (int i = 0; i < block_frames; ++i) {
            float frame[max_channels];
            if (repeats) std::copy_n(cover.next(), width, frame);
            for (std::size_t v = 0; v < width; ++v) {
                if (fresh && repeats)
                    frame[v] += (fresh[v] - frame[v]) * mend[i];
                else if (fresh)
                    frame[v] = fresh[v];
                out.write(b, static_cast<int>(v))[static_cast<std::size_t>(i)] = frame[v];
            }
            cover.hear(frame);
            if (fresh) fresh += width;
        }
        behind = !fresh;
        ++now.block;
        share += ((behind ? 1.0f : 0.0f) - share) * std::min(1.0f, static_cast<float>(block_frames / rate));
        covering.set(share > 1e-4f ? share : 0.0f);
    }
    // This block's frames, or nothing when they are not made yet.
    const float* arrived() noexcept RT_SAFE {
        if (now.block < distance) return opening_of(now.block).data();
        while (holding || pieces.readable() > 0) {
            if (!holding) {
                frames.read(piece_frames);  // before its piece is gone: room for a piece means room for its frames
                pieces.pop(piece);
            }
            holding = true;
            if (piece.life == now.life && piece.block > now.block) return nullptr;
            holding = false;
            if (piece.life == now.life && piece.block == now.block) return piece_frames.data();
        }
        return nullptr;
    }
    // Every voice reads the same loop, from another take on.
    void play_takes(const Block& b) noexcept RT_SAFE {
        const auto& loop = takes->loop;
        for (std::size_t v = 0; v < width; ++v) {
            const auto y = out.write(b, static_cast<int>(v));
            std::size_t at = (takes->starts[v % takes->starts.size()] + played) % loop.size();
            for (float& x : y) {
                x = loop[at];
                if (++at == loop.size()) at = 0;
            }
        }
        played = (played + block_frames) % loop.size();
    }
    // The next life begins with the same opening, while the worker lives through it again.
    void reset() noexcept RT_SAFE override {
        now = {.life = now.life + 1};
        behind = false;
        share = 0;
        played = 0;
        cover.reset();
        covering.set(0);
    }

    // ---- worker: one block at a time

    bool work() {
        if (!stream || takes || pieces.writable() == 0) return false;
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
        if (to_drop > 0) {
            --to_drop;
            make(first_chances, fresh_frames);
            return true;
        }
        const Record record = *hand;
        hand.reset();
        if (record.resets != done.resets) stream->begin_take();
        if (record.reseeds != done.reseeds) stream->reseed(dsp::random_bits(own_seed, 1, record.reseeds));
        done = record;
        make(record.chances, fresh_frames);
        frames.write(fresh_frames);
        pieces.push({record.life, record.block + distance});
        return true;
    }
    void begin_life() noexcept {
        stream->restart();
        done = {.life = hand->life};
        to_drop = distance;
    }
    std::span<float> opening_of(std::uint64_t block) noexcept {
        return std::span(opening).subspan(block * width * block_frames, width * block_frames);
    }
    void make(const Chances& chances, std::span<float> into) noexcept {
        const auto began = std::chrono::steady_clock::now();
        stream->make(chances, into);
        unsure += (stream->entropy(chances[0]) - unsure) * 0.05;  // over some 30 ms
        entropy.set(static_cast<float>(unsure));
        made_seconds += block_frames / rate;
        spent_seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        if (made_seconds < 0.25) return;
        speed.set(static_cast<float>(made_seconds / std::max(spent_seconds, 1e-9)));
        made_seconds = spent_seconds = 0;
    }
};

}  // namespace

extern const NodeType samplernn_node{"samplernn", "Plays a SampleRNN network live, under a temperature.",
                                     make_node<SampleRnn>};

}  // namespace legume

// Up to 200 short grains of a sound at once, from a file or from what it just heard.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>

#include "nodes/dsp/fade.h"
#include "nodes/dsp/interpolate.h"
#include "nodes/dsp/random.h"
#include "nodes/members/level.h"
#include "nodes/sound/held_sound.h"

namespace legume {
namespace {

// Roads, Microsound (MIT Press, 2001), ch. 3: a grain is a window over a piece of sound. Shapes by their phase, 0 to 1.
float shaped(std::size_t shape, double phase) noexcept {
    const double hann = 0.5 - 0.5 * math::sin_turns(phase + 0.25);
    switch (shape) {
        case 0: return static_cast<float>(hann);
        case 1: return static_cast<float>(phase < 0.5 ? 2 * phase : 2 - 2 * phase);
        case 2: {  // flat, with a tenth of raised cosine on either side
            const double edge = std::min({phase, 1 - phase, 0.1});
            return static_cast<float>(0.5 - 0.5 * math::sin_turns(5 * edge + 0.25));
        }
        default: {  // struck, or struck backwards
            const double way = shape == 3 ? phase : 1 - phase;
            return static_cast<float>(std::min(way / 0.02, 1.0) * math::exp(-5 * way) *
                                      std::min((1 - way) / 0.05, 1.0));
        }
    }
}

struct Grain {
    double at = 0, step = 0;  // frames of the source
    double phase = 0, phase_step = 0;
    float level = 0;
    int from = 0;  // frame of the block at which it begins
    bool on = false;
};

struct Granulator final : Node {
    In in{this, "in", "Sound to take grains from, where there is no file."};
    FileOption file{this, "file", "The sound to take grains from; without one it is what comes in."};
    NumberOption buffer{this,
                        "buffer",
                        {.min = 0.1f, .max = 120, .initial = 4, .unit = Unit::seconds},
                        "How much it remembers of what comes in."};
    ChoiceOption window{this,
                        "window",
                        {"hann", "triangle", "flat", "struck", "reversed"},
                        "How a grain rises and falls: from soft to percussive."};
    Param position{this,
                   "position",
                   {.min = 0, .max = 1, .initial = 0},
                   "Where grains come from: 0 is the file's beginning, 1 its end; of what comes in, 0 is now."};
    Param size{this,
               "size",
               {.min = 0.002f, .max = 2, .initial = 0.1f, .unit = Unit::seconds, .curve = Curve::log},
               "How long a grain is."};
    Param density{this,
                  "density",
                  {.min = 0.1f, .max = 2'000, .initial = 20, .unit = Unit::hertz, .curve = Curve::log},
                  "How many grains begin in a second."};
    Param pitch{this,
                "pitch",
                {.min = -48, .max = 48, .initial = 0, .unit = Unit::semitones},
                "How much higher or lower a grain sounds."};
    Param spray{this,
                "spray",
                {.min = 0, .max = 30, .initial = 0, .unit = Unit::seconds},
                "How far around the position grains are scattered."};
    Param detune{this,
                 "detune",
                 {.min = 0, .max = 24, .initial = 0, .unit = Unit::semitones},
                 "How far around the pitch grains are scattered."};
    Param jitter{this, "jitter", {.min = 0, .max = 1, .initial = 0.5f}, "How uneven the time between grains is."};
    Param backwards{this, "backwards", {.min = 0, .max = 1, .initial = 0}, "The share of grains that play backwards."};
    Param freeze{this, "freeze", {.initial = 0, .unit = Unit::flag}, "Keeps what it has heard and hears no more."};
    Param gain{this, "gain", gain_range, "How loud it is."};
    Trigger grain{this, "grain", "One grain more, at once."};
    Out out{this, "out", "The grains, on as many channels as their sound has."};
    Meter sounding{this, "sounding", Unit::count, "How many grains sound."};

    static constexpr std::size_t most = 200, window_steps = 1'024;
    static constexpr double margin = block_frames + 4;  // frames round what is being written

    std::shared_ptr<const Sound> sound;
    std::vector<float> heard;  // [frame][channel], round and round
    std::array<float, window_steps + 2> shape{};
    std::array<Grain, most> grains;
    dsp::Fade hearing;
    std::uint64_t seed = 0, drawn = 0;
    std::int64_t written = 0;  // frames heard
    double next = 0;           // frames until the next grain
    int width = 1;
    HeaderOnce header;

    int channels_of(const Out&, int widest) const override {
        return file.given() ? header.of(file.path()).channels : std::max(widest, 1);
    }
    bool portable() const override { return !file.given(); }  // libsamplerate, where its rate is another one
    void check(const Checking& checking) const override {
        if (!file.given()) return;
        try {
            read_sound_header(file.path());
        } catch (const SoundError& error) {
            checking.problem(file, file.path().string() + " " + error.what());
        }
    }
    void prepare(const Prepare& p) override {
        width = p.channels(out);
        if (file.given()) {
            try {
                sound = hold_sound(p.store, file.path(), p.rate);
            } catch (const SoundError& error) {
                throw PrepareError("file", file.path().string() + " " + error.what());
            }
            if (sound->channels != width)
                throw PrepareError("file", file.path().string() + " has changed its channels meanwhile; save it again");
        } else {
            const double frames = static_cast<double>(buffer.value()) * p.rate + 2 * margin;
            heard.assign(static_cast<std::size_t>(frames) * static_cast<std::size_t>(width), 0.0f);
        }
        for (std::size_t i = 0; i <= window_steps; ++i)
            shape[i] = shaped(window.at(), static_cast<double>(i) / window_steps);
        hearing.prepare(0.005, p.rate);
        seed = p.seed;
    }
    std::int64_t frames() const noexcept RT_SAFE {
        return static_cast<std::int64_t>((sound ? sound->samples.size() : heard.size()) /
                                         static_cast<std::size_t>(width));
    }
    // What comes in is faded where freezing begins and ends: no grain shall find a step there.
    void listen(const Block& b) noexcept RT_SAFE {
        const bool open = freeze.value(b) < 0.5f;
        for (int i = 0; i < block_frames; ++i) {
            const float level = hearing.next(open);
            if (!open && level <= 0) continue;
            const auto at = static_cast<std::size_t>(written++ % frames()) * static_cast<std::size_t>(width);
            for (int c = 0; c < width; ++c)
                heard[at + static_cast<std::size_t>(c)] = in.read(b, c)[static_cast<std::size_t>(i)] * level;
        }
    }
    double draw(std::uint64_t stream) const noexcept RT_SAFE {  // -1 to 1
        return 2 * dsp::random_uniform(seed, stream, drawn) - 1;
    }
    void begin(const Block& b, int i, float level) noexcept RT_SAFE {
        ++drawn;
        const auto free = std::find_if(grains.begin(), grains.end(), [](const Grain& g) { return !g.on; });
        if (free == grains.end()) return;
        const double shift = static_cast<double>(pitch.value(b)) + static_cast<double>(detune.value(b)) * draw(1);
        const double step = math::exp2(std::clamp(shift, -60.0, 60.0) / 12);
        const double all = static_cast<double>(frames()) - (sound ? 4 : 2 * margin);
        // So short that it fits in, and that nothing which it will read is overwritten meanwhile.
        const double length =
            std::max(std::min(static_cast<double>(size.value(b)) * b.rate(), all / (sound ? step : step + 1)), 1.0);
        const double span = length * step, place = static_cast<double>(position.value(b)),
                     off = static_cast<double>(spray.value(b)) * b.rate() * draw(2);
        double first = 0;
        if (sound) {
            first = std::clamp(place * (all - span) + off, 0.0, std::max(all - span, 0.0)) + 1;
        } else {
            const double back =
                std::clamp(span + place * (all - span - length) + off, span, std::max(all - length, span));
            first = static_cast<double>(written) - margin - back;
        }
        const bool turned = dsp::random_uniform(seed, 3, drawn) < static_cast<double>(backwards.value(b));
        *free = {turned ? first + span : first, turned ? -step : step, 0, 1 / length, level, i, true};
    }
    void add(Grain& g, std::array<std::array<float, block_frames>, max_channels>& sum) const noexcept RT_SAFE {
        const float* const samples = sound ? sound->samples.data() : heard.data();
        const std::int64_t count = frames();
        for (int i = g.from; i < block_frames && g.on; ++i) {
            const double whole = math::floor(g.at);
            const float part = static_cast<float>(g.at - whole);
            const double place = g.phase * window_steps;
            const auto w = static_cast<std::size_t>(place);
            const float level =
                g.level * (shape[w] + (shape[w + 1] - shape[w]) * static_cast<float>(place - static_cast<double>(w)));
            std::array<const float*, 4> x;
            std::int64_t frame = static_cast<std::int64_t>(whole) - 1;
            for (auto& from : x) {
                const std::int64_t place_of =
                    sound ? std::clamp<std::int64_t>(frame, 0, count - 1) : (frame % count + count) % count;
                from = samples + place_of * width;
                ++frame;
            }
            for (int c = 0; c < width; ++c)
                sum[static_cast<std::size_t>(c)][static_cast<std::size_t>(i)] +=
                    level * dsp::lagrange(x[0][c], x[1][c], x[2][c], x[3][c], part);
            g.at += g.step;
            g.phase += g.phase_step;
            g.on = g.phase < 1;
        }
        g.from = 0;
    }
    void process(const Block& b) noexcept RT_SAFE override {
        if (!sound) listen(b);
        // Grains that overlap are strangers to each other: their powers add.
        const double overlap = static_cast<double>(density.value(b)) * static_cast<double>(size.value(b));
        const float level = overlap > 1 ? static_cast<float>(math::exp2(-0.5 * math::log2(overlap))) : 1.0f;
        const std::uint64_t more = grain.edges(b);
        for (int i = 0; i < block_frames; ++i) {
            if (more >> i & 1) begin(b, i, level);
            for (next -= 1; next <= 0;) {
                begin(b, i, level);
                const double uneven = 1 + static_cast<double>(jitter.value(b)) * draw(0);
                next += std::max(b.rate() / static_cast<double>(density.value(b)) * uneven, 1.0);
            }
        }
        std::array<std::array<float, block_frames>, max_channels> sum{};
        int count = 0;
        for (Grain& g : grains) {
            if (!g.on) continue;
            add(g, sum);
            ++count;
        }
        for (int c = 0; c < width; ++c) {
            const Ramp loud = amplitude(gain.ramp(b, c));
            const auto y = out.write(b, c);
            for (std::size_t i = 0; i < block_frames; ++i)
                y[i] = sum[static_cast<std::size_t>(c)][i] * loud[static_cast<int>(i)];
        }
        sounding.set(static_cast<float>(count));
    }
    void reset() noexcept RT_SAFE override {
        std::fill(heard.begin(), heard.end(), 0.0f);
        grains.fill({});
        hearing.reset();
        drawn = 0;
        written = 0;
        next = 0;
    }
};

}  // namespace

extern const NodeType granulator_node{"granulator", "Makes clouds of short grains from a sound.",
                                      make_node<Granulator>};

}  // namespace legume

// Plays a sound in another's room: convolution with an impulse response from a file, without latency.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include "graph/abilities.h"
#include "nodes/dsp/convolution.h"
#include "nodes/members/level.h"
#include "nodes/sound/held_sound.h"

namespace legume {
namespace {

using Impulses = std::vector<dsp::Impulse>;  // a channel each
static_assert(dsp::Impulse::short_frames == block_frames);

struct Convolver final : Node, HasTail {
    In in{this, "in", "Sound to play in the room."};
    Out out{this, "out", "The sound in the room; a mono sound comes out on as many channels as the room has."};
    Param mix{this, "mix", {.min = 0, .max = 1, .initial = 0.5f}, "How much of it is the room, in step with the rest."};
    Param gain{this, "gain", gain_range, "How loud the room is."};
    FileOption impulse{this, "impulse", Required{},
                       "The room: a recording of a clap in it, or any sound at all, up to a minute."};
    FlagOption normalise{this, "normalise", true,
                         "The room is as loud as the sound that goes in, whatever the file's level."};

    static constexpr double longest_seconds = 60;

    std::shared_ptr<const Impulses> room;
    std::vector<std::unique_ptr<dsp::Convolution>> convolutions;  // a channel each
    HeaderOnce header;

    int channels_of(const Out&, int widest) const override {
        return widest > 1 ? widest : header.of(impulse.path()).channels;
    }
    std::string wrong() const {
        try {
            const auto found = read_sound_header(impulse.path());
            if (static_cast<double>(found.frames) > longest_seconds * found.rate)
                return impulse.path().string() + " is longer than a minute; cut it";
        } catch (const SoundError& error) {
            return impulse.path().string() + " " + error.what();
        }
        return "";
    }
    void check(const Checking& checking) const override {
        if (const auto problem = wrong(); !problem.empty()) checking.problem(impulse, problem);
    }
    bool portable() const override { return false; }
    std::shared_ptr<const Impulses> load(double rate) const {
        Sound sound = read_sound(impulse.path());
        const double own_rate = sound.rate;
        sound = converted(std::move(sound), rate);
        const auto& samples = sound.samples;
        const auto width = static_cast<std::size_t>(sound.channels);
        std::vector<std::vector<float>> channels(width);
        double loudest = 0;
        for (std::size_t c = 0; c < width; ++c) {
            double energy = 0;
            for (std::size_t i = c; i < samples.size(); i += width) {
                channels[c].push_back(samples[i]);
                energy += static_cast<double>(samples[i]) * static_cast<double>(samples[i]);
            }
            loudest = std::max(loudest, energy);
        }
        // Resampled, the same sound has as many more frames, each as high: a convolution adds them all.
        double scale = own_rate / rate;
        if (normalise.value()) scale = loudest > 0 ? 1 / std::sqrt(loudest) : 1;
        auto ready = std::make_shared<Impulses>();
        for (auto& channel : channels) {
            for (float& x : channel) x *= static_cast<float>(scale);
            ready->emplace_back(channel);
        }
        return ready;
    }
    void prepare(const Prepare& p) override {
        if (const auto problem = wrong(); !problem.empty()) throw PrepareError("impulse", problem);
        try {
            const std::string key = impulse.path().lexically_normal().string() + "|" + std::to_string(p.rate) +
                                    (normalise.value() ? "|normalised" : "|");
            room = p.store.get<Impulses>(key, [&] { return load(p.rate); });
        } catch (const SoundError& error) {
            throw PrepareError("impulse", impulse.path().string() + " " + error.what());
        }
        for (int ch = 0; ch < p.channels(out); ++ch)
            convolutions.push_back(
                std::make_unique<dsp::Convolution>((*room)[static_cast<std::size_t>(ch) % room->size()]));
    }
    void process(const Block& b) noexcept RT_SAFE override {
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto x = in.read(b, ch);
            const auto y = out.write(b, ch);
            const Ramp wet = mix.ramp(b, ch), loud = amplitude(gain.ramp(b, ch));
            float echo[block_frames];
            convolutions[static_cast<std::size_t>(ch)]->process(x.data(), echo);
            for (int i = 0; i < block_frames; ++i) y[i] = x[i] + wet[i] * (loud[i] * echo[i] - x[i]);
        }
    }
    void reset() noexcept RT_SAFE override {
        for (const auto& each : convolutions) each->reset();
    }
};

}  // namespace

extern const NodeType convolver_node{"convolver", "Plays a sound in a room that was recorded, or through any sound.",
                                     make_node<Convolver>};

}  // namespace legume

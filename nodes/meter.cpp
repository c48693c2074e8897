// Shows how loud a sound is: peak and power at once, and as people hear it by a worker beside the audio thread.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include "graph/base/math.h"
#include "graph/base/ring.h"
#include "graph/node.h"
#include "nodes/dsp/loudness.h"
#include "nodes/members/level.h"

namespace legume {
namespace {

struct LoudnessMeter final : Node {
    In in{this, "in", "Sound to measure."};
    Out out{this, "out", "The same sound, so that a meter may stand in the middle of a wire."};
    Trigger restart{this, "restart", "Begins integrated and true_peak anew."};
    FlagOption peaks{this, "peaks", true, "Measures true peaks too, which is most of the work."};
    Meter peak{this, "peak", Unit::decibels, "The highest peak of late, which falls by 20 dB a second."};
    Meter rms{this, "rms", Unit::decibels, "The power of the last half second or so."};
    Meter momentary{this, "momentary", Unit::decibels, "LUFS of the last 400 ms."};
    Meter short_term{this, "short_term", Unit::decibels, "LUFS of the last three seconds."};
    Meter integrated{this, "integrated", Unit::decibels, "LUFS of all since the restart, but for the pauses."};
    Meter true_peak{this, "true_peak", Unit::decibels, "The highest peak since the restart, also between samples."};
    Meter lost{this, "lost", Unit::count, "Frames that were not measured because the machine had no time."};
    Work listener{this, "listener", Work::Pool::io, [this] { return listen(); }, "Measures loudness."};

    static constexpr double held_seconds = 2;

    Ring<float> sound;
    Ring<std::uint64_t> restarts;  // where in the stream they fall
    std::uint64_t posted = 0, dropped = 0;
    float highest = 0, power = 0;
    // Worker.
    std::unique_ptr<dsp::Loudness> loudness;
    std::vector<float> piece;
    std::uint64_t taken = 0, unsaid = 0;
    std::optional<std::uint64_t> next;
    // Before the first block.
    std::size_t width = 1;
    double rate = 48'000;

    void prepare(const Prepare& p) override {
        width = static_cast<std::size_t>(p.channels(out));
        rate = p.rate;
        sound.resize(static_cast<std::size_t>(held_seconds * rate) * width);
        restarts.resize(64);
        piece.resize(static_cast<std::size_t>(rate / 10) * width);
        begin();
    }
    void process(const Block& b) noexcept RT_SAFE override {
        float block_peak = 0, block_power = 0;
        float frames[max_channels * block_frames];
        for (std::size_t c = 0; c < width; ++c) {
            const auto x = in.read(b, static_cast<int>(c));
            std::copy(x.begin(), x.end(), out.write(b, static_cast<int>(c)).begin());
            for (std::size_t i = 0; i < block_frames; ++i) {
                const float sample = std::clamp(x[i], -1e6f, 1e6f);
                block_peak = std::max(block_peak, sample < 0 ? -sample : sample);
                block_power += sample * sample;
                frames[i * width + c] = sample;
            }
        }
        if (restart.fired(b)) restarts.push(posted);
        if (sound.writable() >= width * block_frames) {
            sound.write({frames, width * block_frames});
            posted += block_frames;
        } else {
            dropped += block_frames;
        }
        const auto blocks_a_second = static_cast<float>(b.rate() / block_frames);
        highest = falling_peak(highest, block_peak, b.rate());
        power += (block_power / static_cast<float>(width * block_frames) - power) * std::min(4 / blocks_a_second, 1.0f);
        peak.set(static_cast<float>(math::decibels(static_cast<double>(highest))));
        rms.set(static_cast<float>(math::decibels(std::sqrt(static_cast<double>(power)))));
        lost.set(static_cast<float>(dropped));
    }
    // Ten times a second it says what it found; a restart is at its block, wherever the worker is.
    bool listen() {
        if (!loudness) return false;                         // never prepared
        const std::size_t ready = sound.readable() / width;  // read before the restarts, so that none is missing
        if (std::uint64_t at = 0; !next && restarts.pop(at)) next = at;
        if (next && *next == taken) {
            begin();
            next.reset();
            return true;
        }
        std::size_t frames = std::min<std::size_t>(ready, piece.size() / width - unsaid);
        if (next) frames = static_cast<std::size_t>(std::min<std::uint64_t>(frames, *next - taken));
        if (frames == 0) return false;
        const std::span<float> now(piece.data(), frames * width);
        sound.read(now);
        taken += frames;
        unsaid += frames;
        loudness->add(now);
        if (unsaid < piece.size() / width) return true;
        unsaid = 0;
        momentary.set(loudness->momentary());
        short_term.set(loudness->short_term());
        integrated.set(loudness->integrated());
        if (peaks.value()) true_peak.set(loudness->true_peak());
        return true;
    }
    void begin() {
        loudness = std::make_unique<dsp::Loudness>(static_cast<int>(width), rate, peaks.value());
        unsaid = 0;
        for (auto* one : {&momentary, &short_term, &integrated, &true_peak}) one->set(dsp::Loudness::silence);
    }
    void reset() noexcept RT_SAFE override {
        highest = power = 0;
        restarts.push(posted);
    }
};

}  // namespace

extern const NodeType meter_node{"meter", "Shows how loud a sound is: peak, power, and LUFS.",
                                 make_node<LoudnessMeter>};

}  // namespace legume
